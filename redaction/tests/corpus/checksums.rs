//! Numbers with the check digits their issuers' documents ask for. Written from those documents, apart from the crate.

/// A small generator of numbers (Knuth's MMIX), so that the corpus is the same every time.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493))
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    pub fn of(&mut self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| letters[self.below(letters.len() as u64) as usize]).collect()
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }
}

fn values(text: &str) -> Vec<u64> {
    text.chars().filter_map(|c| c.to_digit(10)).map(u64::from).collect()
}

fn dot(text: &str, weights: &[u64]) -> u64 {
    values(text).iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// `text` with the digit that makes its Luhn sum zero.
pub fn luhn(text: &str) -> String {
    let sum: u64 = values(text)
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    format!("{text}{}", (10 - sum % 10) % 10)
}

/// An IBAN of `country` around `account`.
pub fn iban(country: &str, account: &str) -> String {
    let moved = format!("{account}{country}00");
    let mut rest = 0_u64;
    for c in moved.chars() {
        let value = u64::from(c.to_digit(36).unwrap());
        rest = (rest * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    format!("{country}{:02}{account}", 98 - rest)
}

pub fn cpf(nine: &str) -> String {
    let check = |text: &str| {
        let weights: Vec<u64> = (2..=text.len() as u64 + 1).rev().collect();
        let rest = dot(text, &weights) % 11;
        format!("{text}{}", if rest < 2 { 0 } else { 11 - rest })
    };
    check(&check(nine))
}

pub fn cnpj(twelve: &str) -> String {
    let check = |text: &str, weights: &[u64]| {
        let rest = dot(text, weights) % 11;
        format!("{text}{}", if rest < 2 { 0 } else { 11 - rest })
    };
    let one = check(twelve, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]);
    check(&one, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// `None` where the scheme has no check digit for these.
pub fn nhs(nine: &str) -> Option<String> {
    let rest = 11 - dot(nine, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    (rest != 10).then(|| format!("{nine}{}", if rest == 11 { 0 } else { rest }))
}

pub fn bsn(eight: &str) -> Option<String> {
    let rest = dot(eight, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    (rest < 10).then(|| format!("{eight}{rest}"))
}

pub fn pesel(ten: &str) -> String {
    format!("{ten}{}", (10 - dot(ten, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10)
}

pub fn portuguese_nif(eight: &str) -> String {
    let rest = dot(eight, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    format!("{eight}{}", if rest < 2 { 0 } else { 11 - rest })
}

pub fn dni(number: u64) -> String {
    format!("{number:08}{}", "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth((number % 23) as usize).unwrap())
}

pub fn nie(first: u64, seven: u64) -> String {
    let letter = "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(((first * 10_000_000 + seven) % 23) as usize).unwrap();
    format!("{}{seven:07}{letter}", ["X", "Y", "Z"][first as usize])
}

pub fn nir(thirteen: &str) -> String {
    format!("{thirteen}{:02}", 97 - thirteen.parse::<u64>().unwrap() % 97)
}

/// ISO/IEC 7064, MOD 11,10.
pub fn steuer_id(ten: &str) -> String {
    let mut product = 10;
    for digit in values(ten) {
        let sum = (digit + product) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    format!("{ten}{}", (11 - product) % 10)
}

pub fn tfn(eight: &str) -> Option<String> {
    (0..10)
        .map(|check| format!("{eight}{check}"))
        .find(|text| dot(text, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11))
}

pub fn fiscal_code(fifteen: &str) -> String {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
        10, 22, 25, 24, 23,
    ];
    let sum: u32 = fifteen
        .chars()
        .enumerate()
        .map(|(place, c)| {
            let value = c.to_digit(36).unwrap();
            if place % 2 == 0 {
                ODD[value as usize]
            } else if value < 10 {
                value
            } else {
                value - 10
            }
        })
        .sum();
    format!("{fifteen}{}", char::from(b'A' + (sum % 26) as u8))
}

pub fn verhoeff(text: &str) -> String {
    const D: [[usize; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const P: [[usize; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    const INVERSE: [usize; 10] = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9];
    let check =
        values(text).iter().rev().enumerate().fold(0, |c, (place, digit)| D[c][P[(place + 1) % 8][*digit as usize]]);
    format!("{text}{}", INVERSE[check])
}

/// EAN-13 and ISBN-13.
pub fn ean(twelve: &str) -> String {
    format!("{twelve}{}", (10 - dot(twelve, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10)
}
