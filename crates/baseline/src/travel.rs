//! Where an identity was last, to see whether it can be where it is now.
//!
//! Distances are along the sphere; a table of places is rarely better than 50 km, so only long ways count.

use serde::{Deserialize, Serialize};

use crate::values::Values;

const EARTH_KM: f64 = 6_371.0;

/// The last position of an identity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Travel {
    pub(crate) places: Values,
    pub(crate) last: Option<Fix>,
}

/// A position at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fix {
    pub(crate) at: u32,
    /// Latitude and longitude in hundredths of a degree.
    pub(crate) position: (i16, i16),
}

impl Fix {
    /// Kilometres between two positions.
    pub(crate) fn distance_km(self, other: Self) -> u32 {
        let radians = |hundredths: i16| (f64::from(hundredths) / 100.0).to_radians();
        let (one_lat, one_lon) = (radians(self.position.0), radians(self.position.1));
        let (other_lat, other_lon) = (radians(other.position.0), radians(other.position.1));
        let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
        let chord = half(one_lat, other_lat) + one_lat.cos() * other_lat.cos() * half(one_lon, other_lon);
        let km = 2.0 * EARTH_KM * chord.clamp(0.0, 1.0).sqrt().asin();
        // At most 20,016.
        format!("{km:.0}").parse().unwrap_or(0)
    }

    /// Kilometres per hour that the way between two positions would have taken.
    pub(crate) fn speed_kmh(self, other: Self) -> u32 {
        let seconds = u64::from(self.at.abs_diff(other.at).max(1));
        u32::try_from(u64::from(self.distance_km(other)) * 3_600 / seconds).unwrap_or(u32::MAX)
    }
}

/// A degree square: two sign-ins of one town are in one or in neighbours.
pub(crate) fn cell(position: (i16, i16)) -> u32 {
    let square = |hundredths: i16| u32::try_from(i32::from(hundredths).div_euclid(100) + 180).unwrap_or(0);
    square(position.0) * 1_000 + square(position.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        let at = |position| Fix { at: 0, position };
        // New York to Dublin is 5,113 km along the great circle, to Sydney 15,990 km; a degree of latitude is 111 km.
        let new_york = at((4071, -7401));
        assert!(new_york.distance_km(at((5335, -626))).abs_diff(5_113) < 30);
        assert!(new_york.distance_km(at((-3387, 15121))).abs_diff(15_990) < 60);
        assert_eq!(at((0, 0)).distance_km(at((100, 0))), 111);
        assert_eq!(new_york.distance_km(new_york), 0);
        assert_eq!(at((9000, 0)).distance_km(at((-9000, 17900))), 20_015);
        assert_eq!(Fix { at: 3_600, ..at((0, 0)) }.speed_kmh(at((900, 0))), 1_001);
    }

    #[test]
    fn cells_are_square_degrees() {
        assert_eq!(cell((4071, -7401)), cell((4099, -7499)));
        assert_ne!(cell((10, 10)), cell((-10, 10)));
    }
}
