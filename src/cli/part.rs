//! `--part` and `--turn`: which part of a picture is read.

use clap::Args;
use lunglens::imaging::{MIN_PART_SIDE, PicturePart};

/// Which part of each picture is read.
#[derive(Debug, Clone, Copy, Args)]
pub struct PartArgs {
    /// Read only this part of each picture, in pixels as other programs show it: one slice of a photographed film
    #[arg(long, value_name = "X0,Y0,X1,Y1", value_parser = parse_area)]
    part: Option<[u32; 4]>,

    /// Turn each picture, or the part of it, clockwise so that it is upright
    #[arg(long, value_name = "90|180|270", value_parser = parse_turn)]
    turn: Option<u8>,
}

impl PartArgs {
    /// What was asked for; by default all of each file, as it is.
    pub fn part(self) -> PicturePart {
        PicturePart { area: self.part, quarter_turns: self.turn.unwrap_or_default() }
    }
}

fn parse_area(text: &str) -> Result<[u32; 4], String> {
    let sides: Option<Vec<u32>> = text.split(',').map(|side| side.trim().parse().ok()).collect();
    let area: Option<[u32; 4]> = sides.and_then(|sides| sides.try_into().ok());
    let wide = |low: u32, high: u32| high.saturating_sub(low) >= MIN_PART_SIDE;
    area.filter(|&[x0, y0, x1, y1]| wide(x0, x1) && wide(y0, y1)).ok_or_else(|| {
        format!(
            "give left, top, right and lower border in pixels, as 100,40,612,552, at least {MIN_PART_SIDE} apart"
        )
    })
}

/// Quarter turns of an angle.
fn parse_turn(text: &str) -> Result<u8, String> {
    match text {
        "90" => Ok(1),
        "180" => Ok(2),
        "270" => Ok(3),
        _ => Err("give 90, 180 or 270".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_and_turns_are_read() {
        assert_eq!(parse_area("1,2, 40,60"), Ok([1, 2, 40, 60]));
        for bad in ["", "1,2,3", "1,2,40,60,7", "1,2,-40,60", "40,2,1,60", "1,2,32,60", "a,b,c,d"] {
            assert!(parse_area(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_turn("270"), Ok(3));
        assert!(parse_turn("45").is_err());
    }
}
