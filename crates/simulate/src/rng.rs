//! The simulator's own random numbers: xoshiro256**, seeded by (seed, label, index) through SplitMix64.
//!
//! Each generator of each day draws from its own stream, so adding one generator does not shift the others.
//! Not for cryptography, and it never asks the operating system for randomness.

/// A deterministic stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng {
    s: [u64; 4],
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8; 16] = b"0123456789abcdef";
const ALNUM: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Rng {
    /// A stream named by `label` and `index` under `seed`.
    pub(crate) fn new(seed: u64, label: &str, index: u64) -> Self {
        // FNV-1a over the label keeps equal labels equal on every platform and toolchain.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut state = seed ^ hash.rotate_left(17) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let s = [split_mix(&mut state), split_mix(&mut state), split_mix(&mut state), split_mix(&mut state)];
        Self { s }
    }

    pub(crate) fn next(&mut self) -> u64 {
        let result = self.s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = self.s[1] << 17;
        self.s[2] ^= self.s[0];
        self.s[3] ^= self.s[1];
        self.s[1] ^= self.s[2];
        self.s[0] ^= self.s[3];
        self.s[2] ^= t;
        self.s[3] = self.s[3].rotate_left(45);
        result
    }

    /// A number below `n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number in `from..=to`.
    pub(crate) fn range(&mut self, from: i64, to: i64) -> i64 {
        debug_assert!(from <= to, "range {from}..={to}");
        let span = u64::try_from(to - from).unwrap_or(0);
        from + i64::try_from(self.below(span + 1)).unwrap_or(0)
    }

    /// An index below `n`; 0 when `n` is 0.
    pub(crate) fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(u64::try_from(n).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// True `permille` times in a thousand.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// One of some words.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        words[self.index(words.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.index(i + 1);
            items.swap(i, j);
        }
    }

    /// `thousandths` of something as a whole count, the fraction decided at random.
    pub(crate) fn round(&mut self, thousandths: u64) -> u64 {
        thousandths / 1000 + u64::from(self.chance(thousandths % 1000))
    }

    pub(crate) fn hex(&mut self, n: usize) -> String {
        self.text(n, HEX)
    }

    /// Upper-case hex, as in S3 request ids.
    pub(crate) fn hex_upper(&mut self, n: usize) -> String {
        self.hex(n).to_ascii_uppercase()
    }

    pub(crate) fn base32(&mut self, n: usize) -> String {
        self.text(n, BASE32)
    }

    pub(crate) fn alnum(&mut self, n: usize) -> String {
        self.text(n, ALNUM)
    }

    pub(crate) fn digits(&mut self, n: usize) -> String {
        self.text(n, b"0123456789")
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        let variant = 0x8000 | ((b >> 48) & 0x3fff);
        let version = 0x4000 | (a & 0x0fff);
        format!("{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, b & 0xffff_ffff_ffff)
    }

    fn text(&mut self, n: usize, alphabet: &[u8]) -> String {
        (0..n).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn equal_names_give_equal_streams_and_others_do_not() {
        let draw = |seed, label, index| Rng::new(seed, label, index).next();
        assert_eq!(draw(1, "a", 0), draw(1, "a", 0));
        assert_ne!(draw(1, "a", 0), draw(2, "a", 0));
        assert_ne!(draw(1, "a", 0), draw(1, "b", 0));
        assert_ne!(draw(1, "a", 0), draw(1, "a", 1));
    }

    #[test]
    fn bounds_hold_and_rounding_keeps_the_mean() {
        let mut rng = Rng::new(7, "bounds", 0);
        let mut sum = 0;
        for _ in 0..10_000 {
            assert!((3..=9).contains(&rng.range(3, 9)));
            assert!(rng.below(5) < 5);
            sum += rng.round(1500);
        }
        assert_eq!(rng.below(0), 0);
        assert!((14_500..15_500).contains(&sum), "mean of 1.5 over 10,000 draws, got {sum}");
        assert_eq!(rng.uuid().len(), 36);
    }
}
