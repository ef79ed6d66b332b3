//! Whether a click is one of a burst.

/// Clicks that follow one another within this time …
const RAGE_MS: i64 = 500;
/// … and this distance, added up over both axes, in CSS pixels, are clicks in rage from the third on.
const RAGE_PX: i64 = 30;

/// Clicks that follow one another at one place.
#[derive(Debug)]
pub(crate) struct Burst {
    /// Of the last click.
    t: i64,
    x: i64,
    y: i64,
    count: i64,
}

impl Burst {
    pub(crate) const NEW: Self = Self { t: 0, x: 0, y: 0, count: 0 };

    /// Whether the click at `t` is the third or a later one of a burst.
    pub(crate) fn is_rage(&mut self, t: i64, x: i64, y: i64) -> bool {
        let is_next = t - self.t <= RAGE_MS && (x - self.x).abs() + (y - self.y).abs() <= RAGE_PX;
        *self = Self { t, x, y, count: if is_next { self.count + 1 } else { 1 } };
        self.count > 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_click_at_one_place_is_rage() {
        let mut burst = Burst::NEW;
        let mut click = |t, x| burst.is_rage(t, x, 5);
        assert_eq!([click(100, 10), click(300, 12), click(500, 11), click(700, 11)], [false, false, true, true]);
        assert!(!click(2_500, 11) && !click(2_600, 11) && click(2_700, 11));
        assert!(!click(2_800, 90));
    }
}
