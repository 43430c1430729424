//! The synthetic customers, students and staff: who they are, where they live and which courses they take.
//!
//! Everyone is drawn once per seed and kept in memory; a few thousand people. Numbers have valid shapes only.

use crate::names::{self, PLACES, Place};
use crate::rng::Rng;

/// A person whose data Larkfield holds. E-mail addresses are unique over customers and students together.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// `cust-1042` or `S-100231`.
    pub(crate) id: String,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) street: String,
    pub(crate) city: &'static str,
    pub(crate) postcode: String,
    /// `US-CA` style for states, `DE` for countries.
    pub(crate) residence: &'static str,
    pub(crate) born: String,
    /// Only people in the United States have one. Areas 773 to 899 were never assigned before 2011.
    pub(crate) ssn: String,
    /// Test issuer ranges, passing Luhn.
    pub(crate) card: String,
    pub(crate) card_expiry: String,
    /// Where the person usually connects from.
    pub(crate) ip: String,
    pub(crate) agent: &'static str,
    /// Index into `company::SCHOOLS` for students.
    pub(crate) school: usize,
    pub(crate) program: &'static str,
    /// Row number, for seeding what belongs to the person.
    pub(crate) number: u64,
}

impl Person {
    pub(crate) fn country(&self) -> &'static str {
        self.residence.split('-').next().unwrap_or(self.residence)
    }

    /// `CA` for `US-CA`; empty outside the United States.
    pub(crate) fn state(&self) -> &'static str {
        self.residence.split_once('-').map_or("", |(_, state)| state)
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

/// A course with its roster.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    /// `CSC-214`
    pub(crate) id: String,
    pub(crate) school: usize,
    /// Indexes into `People::students`.
    pub(crate) roster: Vec<usize>,
    /// `instr-0007`, `ta-0013`: portal users.
    pub(crate) instructor: String,
    pub(crate) assistant: String,
}

/// An employee.
#[derive(Debug, Clone)]
pub(crate) struct Staff {
    pub(crate) upn: String,
    pub(crate) name: String,
    pub(crate) oid: String,
    pub(crate) team: Team,
    pub(crate) dublin: bool,
    pub(crate) office_ip: String,
    pub(crate) home_ip: String,
    pub(crate) agent: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Team {
    Platform,
    Data,
    Security,
    Support,
    Marketing,
    Finance,
    Engineering,
}

/// Everyone.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) customers: Vec<Person>,
    pub(crate) students: Vec<Person>,
    pub(crate) courses: Vec<Course>,
    pub(crate) staff: Vec<Staff>,
}

const COURSES_COUNT: usize = 60;
const SCHOOLS_COUNT: usize = crate::company::SCHOOLS.len();

impl People {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed, "people", 0);
        let customers_count = 2_800 + rng.below(600);
        let students_count = 2_200 + rng.below(500);
        let customers = (0..customers_count).map(|n| customer(seed, n)).collect();
        let students: Vec<Person> = (0..students_count).map(|n| student(seed, n)).collect();
        let courses = (0..COURSES_COUNT).map(|n| course(seed, n, &students)).collect();
        Self { customers, students, courses, staff: staff(seed) }
    }

    pub(crate) fn team(&self, team: Team) -> Vec<&Staff> {
        self.staff.iter().filter(|s| s.team == team).collect()
    }
}

fn customer(seed: u64, number: u64) -> Person {
    let mut rng = Rng::new(seed, "customer", number);
    let home = somewhere(&mut rng);
    let mut person = person(&mut rng, number, home);
    person.id = format!("cust-{}", 1000 + number);
    let domain = *rng.pick(&["example.com", "example.net", "example.org", "mail.example", "inbox.example"]);
    person.email = format!("{}{}@{domain}", mailbox(&person), number);
    person
}

fn student(seed: u64, number: u64) -> Person {
    let mut rng = Rng::new(seed, "student", number);
    let school = rng.index(SCHOOLS_COUNT);
    let profile = &crate::company::SCHOOLS[school];
    // Most students live where their school is.
    let near = PLACES.iter().find(|p| p.code == profile.residence).filter(|_| rng.chance(820));
    let home = near.unwrap_or_else(|| somewhere(&mut rng));
    let mut person = person(&mut rng, number, home);
    person.id = format!("S-{}", 100_000 + number);
    person.school = school;
    person.email = format!("{}{}@students.{}", mailbox(&person), number, profile.domain);
    let year = if profile.minors { rng.range(2008, 2013) } else { rng.range(1996, 2007) };
    person.born = format!("{year}-{:02}-{:02}", rng.range(1, 12), rng.range(1, 28));
    person
}

fn somewhere(rng: &mut Rng) -> &'static Place {
    let total: u64 = PLACES.iter().map(|p| p.weight).sum();
    let mut left = rng.below(total);
    for place in PLACES {
        if left < place.weight {
            return place;
        }
        left -= place.weight;
    }
    &PLACES[0]
}

fn person(rng: &mut Rng, number: u64, place: &'static Place) -> Person {
    let (firsts, lasts) = names::usual(place.code);
    let american = place.code.starts_with("US-");
    let (city, prefix) = *rng.pick(place.cities);
    let street = format!("{} {} {}", rng.range(1, 980), rng.pick(names::STREETS), rng.pick(names::SUFFIXES));
    let postcode = if place.code == "IE" {
        format!("{prefix} {}", rng.base32(4))
    } else {
        format!("{prefix}{:02}", rng.range(1, 99))
    };
    let phone = match place.code {
        "DE" => format!("+49 30 23125 {:03}", rng.range(0, 999)),
        "FR" => format!("+33 1 99 00 {:02} {:02}", rng.range(0, 99), rng.range(0, 99)),
        "IE" => format!("+353 20 91{:05}", rng.range(0, 99_999)),
        _ if american => format!("({}) 555-01{:02}", rng.pick(&["212", "415", "512", "617", "303"]), rng.range(0, 99)),
        _ => format!("+31 85 00 {:02} {:03}", rng.range(0, 99), rng.range(0, 999)),
    };
    let ssn = if american {
        format!("{}-{:02}-{:04}", rng.range(773, 899), rng.range(1, 99), rng.range(1, 9999))
    } else {
        String::new()
    };
    Person {
        id: String::new(),
        first: (*rng.pick(firsts)).to_owned(),
        last: (*rng.pick(lasts)).to_owned(),
        email: String::new(),
        phone,
        street,
        city,
        postcode,
        residence: place.code,
        born: format!("{}-{:02}-{:02}", rng.range(1948, 2006), rng.range(1, 12), rng.range(1, 28)),
        ssn,
        card: card(rng),
        card_expiry: format!("{:02}/{:02}", rng.range(1, 12), rng.range(27, 31)),
        ip: public_ip(rng),
        agent: rng.word(names::BROWSERS),
        school: 0,
        program: rng.word(names::PROGRAMS),
        number,
    }
}

/// An address of the public at large, from the benchmarking range 198.18.0.0/15 or the IPv6 documentation range.
pub(crate) fn public_ip(rng: &mut Rng) -> String {
    if rng.chance(120) {
        return format!("2001:db8:{:x}:{:x}::{:x}", rng.range(0x10, 0xfff), rng.range(1, 0xffff), rng.range(2, 0xffff));
    }
    format!("198.{}.{}.{}", rng.range(18, 19), rng.range(0, 255), rng.range(1, 254))
}

/// A card number from the issuers' test ranges with a correct check digit.
pub(crate) fn card(rng: &mut Rng) -> String {
    let (prefix, length) = *rng.pick(&[("411111", 16), ("424242", 16), ("555555", 16), ("222300", 16), ("378282", 15)]);
    let mut number = format!("{prefix}{}", rng.digits(length - prefix.len() - 1));
    number.push(char::from(b'0' + luhn_digit(&number)));
    number
}

/// The digit that makes `number` followed by it pass Luhn.
pub(crate) fn luhn_digit(number: &str) -> u8 {
    let mut sum = 0_u32;
    for (i, byte) in number.bytes().rev().enumerate() {
        let digit = u32::from(byte.saturating_sub(b'0'));
        let doubled = if i % 2 == 0 { digit * 2 } else { digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
    }
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

/// A 16-digit order number that starts like a card and never passes Luhn: its last digit is off by three.
pub(crate) fn order_number(rng: &mut Rng) -> String {
    let mut number = format!("{}{}", rng.pick(&["40", "45", "52", "60"]), rng.digits(13));
    number.push(char::from(b'0' + (luhn_digit(&number) + 3) % 10));
    number
}

fn mailbox(person: &Person) -> String {
    let plain = |s: &str| -> String {
        s.to_lowercase()
            .chars()
            .filter_map(|c| match c {
                'a'..='z' => Some(c),
                'ä' | 'á' => Some('a'),
                'ö' | 'ó' => Some('o'),
                'ü' | 'ú' => Some('u'),
                'é' | 'è' | 'ę' => Some('e'),
                'í' => Some('i'),
                'ł' => Some('l'),
                'ñ' => Some('n'),
                _ => None,
            })
            .collect()
    };
    format!("{}.{}", plain(&person.first), plain(&person.last))
}

fn course(seed: u64, number: usize, students: &[Person]) -> Course {
    let index = u64::try_from(number).unwrap_or(0);
    let mut rng = Rng::new(seed, "course", index);
    let school = number % SCHOOLS_COUNT;
    let mut eligible: Vec<usize> = (0..students.len()).filter(|&i| students[i].school == school).collect();
    rng.shuffle(&mut eligible);
    eligible.truncate(24 + rng.index(30));
    eligible.sort_unstable();
    Course {
        id: format!("{}-{}", names::COURSES[number % names::COURSES.len()], 101 + number * 7),
        school,
        roster: eligible,
        instructor: format!("instr-{number:04}"),
        assistant: format!("ta-{number:04}"),
    }
}

fn staff(seed: u64) -> Vec<Staff> {
    let teams = [
        (Team::Platform, 7),
        (Team::Data, 5),
        (Team::Security, 4),
        (Team::Support, 9),
        (Team::Marketing, 4),
        (Team::Finance, 4),
        (Team::Engineering, 11),
    ];
    let mut all = Vec::new();
    for (team, count) in teams {
        for _ in 0..count {
            let number = u64::try_from(all.len()).unwrap_or(0);
            let mut rng = Rng::new(seed, "staff", number);
            let dublin = rng.chance(300);
            let (firsts, lasts) = names::usual(if dublin { "IE" } else { "US-NY" });
            let (first, last) = (*rng.pick(firsts), *rng.pick(lasts));
            let probe =
                Person { first: first.to_owned(), last: last.to_owned(), ..person(&mut rng, number, &PLACES[2]) };
            let office = if dublin { rng.range(130, 139) } else { rng.range(16, 31) };
            all.push(Staff {
                upn: format!("{}{number}@larkfield.example", mailbox(&probe)),
                name: format!("{first} {last}"),
                oid: rng.uuid(),
                team,
                dublin,
                office_ip: format!("198.51.100.{office}"),
                home_ip: format!("198.{}.{}.{}", rng.range(18, 19), rng.range(0, 255), rng.range(1, 254)),
                agent: rng.word(names::BROWSERS),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn luhn(number: &str) -> bool {
        let mut sum = 0;
        for (i, byte) in number.bytes().rev().enumerate() {
            let digit = u32::from(byte - b'0') * if i % 2 == 1 { 2 } else { 1 };
            sum += if digit > 9 { digit - 9 } else { digit };
        }
        sum % 10 == 0
    }

    #[test]
    fn cards_pass_luhn_and_order_numbers_do_not() {
        assert!(luhn("4111111111111111"), "the checker itself");
        let mut rng = Rng::new(1, "cards", 0);
        for _ in 0..2000 {
            let (card, order) = (card(&mut rng), order_number(&mut rng));
            assert!(luhn(&card), "{card}");
            assert!(order.len() == 16 && !luhn(&order), "{order}");
        }
    }

    #[test]
    fn people_are_distinct_and_have_valid_shapes() {
        let people = People::new(11);
        let everyone = || people.customers.iter().chain(&people.students);
        let emails: BTreeSet<&str> = everyone().map(|p| p.email.as_str()).collect();
        assert_eq!(emails.len(), everyone().count());
        for person in everyone() {
            assert!(person.email.is_ascii(), "{}", person.email);
            assert_eq!(person.ssn.is_empty(), person.country() != "US");
            if let Some(area) = person.ssn.get(..3) {
                assert!((773..=899).contains(&area.parse::<u32>().unwrap()));
            }
        }
        let upns: BTreeSet<&str> = people.staff.iter().map(|s| s.upn.as_str()).collect();
        assert_eq!(upns.len(), people.staff.len());
        assert!(people.courses.iter().all(|c| c.roster.len() >= 10), "every course has a class");
    }
}
