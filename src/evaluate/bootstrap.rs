//! Percentile bootstrap over patients: the slices of a patient stay together.

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// How many times patients are drawn.
    pub resamples: usize,
    /// Where the random numbers start.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 1000, seed: 20_200_420 }
    }
}

impl Bootstrap {
    /// For each resample how many times each of `patients` patients was drawn, with replacement.
    pub fn weights(&self, patients: usize) -> Vec<Vec<u32>> {
        let mut random = SplitMix64(self.seed);
        (0..self.resamples)
            .map(|_| {
                let mut weights = vec![0; patients];
                for _ in 0..patients {
                    // The high half of a 128-bit product is even over the patients.
                    let drawn = (u128::from(random.next()) * patients as u128) >> 64;
                    weights[drawn as usize] += 1;
                }
                weights
            })
            .collect()
    }
}

/// The 2.5th and 97.5th percentile, linear between neighbours as `numpy.percentile`; none without values.
pub fn interval_95(values: &mut [f64]) -> Option<[f64; 2]> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    Some([percentile(values, 0.025), percentile(values, 0.975)])
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (place - low as f64)
}

/// Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_those_of_the_paper() {
        let mut random = SplitMix64(1_234_567);
        let found: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn every_resample_has_as_many_patients_and_no_patient_is_left_out_of_all() {
        let all = Bootstrap::default().weights(7);
        assert_eq!(all.len(), 1000);
        assert!(all.iter().all(|weights| weights.iter().sum::<u32>() == 7));
        for patient in 0..7 {
            let drawn: u32 = all.iter().map(|weights| weights[patient]).sum();
            assert!((900..1100).contains(&drawn), "patient {patient}: {drawn}");
        }
    }

    #[test]
    fn percentiles_are_between_neighbours() {
        let mut values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(interval_95(&mut values), Some([2.5, 97.5]));
        assert_eq!(interval_95(&mut [3.0]), Some([3.0, 3.0]));
        assert_eq!(interval_95(&mut []), None);
    }
}
