//! The strip beside the slider: how much of the lungs each slice shows as lesion.

/// The strip as path data for an SVG of `values.len()` x 100 units, a bar a slice, and its upper end in percent (at least
/// 5, so that traces stay small). Neighbouring slices are one path; those that were not measured are left out.
pub fn bars(values: &[Option<f32>]) -> (String, f32) {
    let most = values.iter().flatten().fold(5.0f32, |most, &value| most.max(value));
    let mut path = String::new();
    for (index, value) in values.iter().enumerate() {
        if let Some(value) = value.filter(|&value| value > 0.0) {
            let height = (value / most * 100.0).clamp(2.0, 100.0);
            path.push_str(&format!("M{index} 100v-{height:.1}h1V100z"));
        }
    }
    (path, most)
}

/// The measured slices as path data: a line along the foot of the same SVG.
pub fn measured(values: &[Option<f32>]) -> String {
    let mut path = String::new();
    let mut index = 0;
    while index < values.len() {
        let length = values[index..].iter().take_while(|value| value.is_some()).count();
        if length > 0 {
            path.push_str(&format!("M{index} 97h{length}v3h-{length}z"));
        }
        index += length.max(1);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_at_their_slices() {
        let values = [None, Some(0.0), Some(10.0), Some(40.0), None];
        assert_eq!(bars(&values), ("M2 100v-25.0h1V100zM3 100v-100.0h1V100z".into(), 40.0));
        assert_eq!(measured(&values), "M1 97h3v3h-3z");
        assert_eq!(bars(&[Some(1.0)]), ("M0 100v-20.0h1V100z".into(), 5.0));
        assert_eq!((bars(&[]).0, measured(&[None, None])), (String::new(), String::new()));
    }
}
