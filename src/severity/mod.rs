//! Lungs, involvement and the grade.
