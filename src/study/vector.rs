//! Directions and places in the patient, as DICOM states them: x to the left, y to the back, z to the head.

/// Three numbers, in mm or without a unit.
pub type Vector = [f64; 3];

/// `a - b`.
pub fn minus(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// `a + factor * b`.
pub fn plus(a: Vector, factor: f64, b: Vector) -> Vector {
    [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]]
}

/// The scalar product.
pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The length.
pub fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

/// The direction along a row, and the slice's normal towards the head, both of length 1; none where the six numbers of
/// ImageOrientationPatient are not two directions at a right angle.
pub fn axes(orientation: [f64; 6]) -> Option<(Vector, Vector)> {
    let [a, b, c, d, e, f] = orientation;
    let (row, column) = ([a, b, c], [d, e, f]);
    let near_one = |v: f64| (v - 1.0).abs() < 0.01;
    if !near_one(length(row)) || !near_one(length(column)) || dot(row, column).abs() > 0.01 {
        return None;
    }
    let normal = [b * f - c * e, c * d - a * f, a * e - b * d];
    let size = if normal[2] < 0.0 { -length(normal) } else { length(normal) };
    let row_length = length(row);
    Some((row.map(|v| v / row_length), normal.map(|v| v / size)))
}
