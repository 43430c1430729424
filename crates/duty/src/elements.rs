//! Data elements: from the words people write to the classes statutes list, and what follows from what.
//!
//! `USERNAME` with `PASSWORD_PLAINTEXT` is `CRED`; a hashed password may or may not be, so it is unknown.

use std::collections::BTreeSet;

use crate::truth::Truth;

/// The elements of an incident, as written and as classes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Elements {
    pub(crate) written: Vec<String>,
    classes: BTreeSet<&'static str>,
    other: BTreeSet<String>,
    /// Classes that the elements may amount to, depending on something nobody has attested.
    doubtful: BTreeSet<&'static str>,
}

/// The words of SCHEMA §5 and those met outside it. Left: as written. Right: the class it belongs to.
const WORDS: &[(&str, &str)] = &[
    ("IDENTIFIED_HEALTH", "MED"),
    ("HEALTH", "MED"),
    ("SENSITIVE", "SENSITIVE_ART9"),
    ("STUDENT_NAME", "STUDENT_PII"),
    ("STUDENT_INFORMATION", "STUDENT_PII"),
    ("STUDENT_GENERATED_CONTENT", "STUDENT_CONTENT"),
    ("IBAN", "FIN_ACCT"),
    ("BANK_ACCOUNT", "FIN_ACCT"),
    ("FULL_NAME", "NAME"),
    ("ITIN", "TIN"),
];

/// What each class is also a case of. One step; the table is closed under it.
const ALSO: &[(&str, &[&str])] = &[
    ("FIN_ACCT_WITH_CODE", &["FIN_ACCT", "FINANCIAL"]),
    ("CARD_WITH_CODE", &["CARD", "FIN_ACCT_WITH_CODE", "FIN_ACCT", "FINANCIAL"]),
    ("CARD", &["FIN_ACCT", "FINANCIAL"]),
    ("FIN_ACCT", &["FINANCIAL"]),
    ("PHI", &["MED", "SENSITIVE_ART9"]),
    ("MED", &["SENSITIVE_ART9"]),
    ("GENETIC", &["SENSITIVE_ART9"]),
    ("BIO", &["SENSITIVE_ART9"]),
    ("DL", &["GOV_ID"]),
    ("STATE_ID", &["GOV_ID"]),
    ("PASSPORT", &["GOV_ID"]),
    ("MIL_ID", &["GOV_ID"]),
    ("TRIBAL_ID", &["GOV_ID"]),
    ("CRED", &["AUTHENTICATION"]),
    ("PASSWORD_PLAINTEXT", &["AUTHENTICATION"]),
    ("PASSWORD_HASHED", &["AUTHENTICATION"]),
    ("SECURITY_QA", &["AUTHENTICATION"]),
    ("PIN", &["AUTHENTICATION"]),
    ("CRED_EMAIL_ACCT", &["CRED", "AUTHENTICATION"]),
    ("FIRST_LAST", &["NAME"]),
    ("INITIAL_LAST", &["NAME"]),
    ("STUDENT_NAME", &["STUDENT_PII"]),
];

/// Every class this crate knows; used to recognise slips of the pen in regimes and facts.
pub(crate) const CLASSES: &[&str] = &[
    "NAME",
    "FIRST_LAST",
    "INITIAL_LAST",
    "SSN",
    "TIN",
    "IP_PIN",
    "DL",
    "STATE_ID",
    "PASSPORT",
    "MIL_ID",
    "STUDENT_ID",
    "EMPLOYEE_ID",
    "TRIBAL_ID",
    "GOV_ID",
    "FIN_ACCT",
    "FIN_ACCT_WITH_CODE",
    "CARD",
    "CARD_WITH_CODE",
    "PIN",
    "CRED",
    "CRED_EMAIL_ACCT",
    "USERNAME",
    "EMAIL",
    "PASSWORD_HASHED",
    "PASSWORD_PLAINTEXT",
    "SECURITY_QA",
    "MED",
    "HEALTH_INS",
    "PHI",
    "PHR",
    "BIO",
    "GENETIC",
    "DOB",
    "MAIDEN_NAME",
    "ESIG",
    "PRIVKEY",
    "ALPR",
    "TAX",
    "WORK_EVAL",
    "BIRTH_CERT",
    "MARRIAGE_CERT",
    "GEO",
    "STUDENT_PII",
    "TEACHER_PRINCIPAL_PII",
    "DIRECTORY_INFO",
    "STUDENT_CONTENT",
    "GRADES",
    "CHILD_DATA",
    "SENSITIVE_ART9",
    "CRIMINAL",
    "FINANCIAL",
    "AUTHENTICATION",
    "LEGAL_SECRECY",
    "PHONE",
    "POSTAL_ADDRESS",
    "ORDER_HISTORY",
    "CUSTOMER_INFORMATION",
    "STUDENT_NAME",
];

/// Words that show a name is in the data.
const NAMES: &[&str] = &["NAME", "FULL_NAME", "FIRST_LAST", "INITIAL_LAST", "STUDENT_NAME"];

/// The parts of a credential: they count once, as `CRED`.
const CREDENTIAL_PARTS: &[&str] = &[
    "USERNAME",
    "EMAIL",
    "PASSWORD_PLAINTEXT",
    "PASSWORD_HASHED",
    "SECURITY_QA",
    "CRED",
    "CRED_EMAIL_ACCT",
    "AUTHENTICATION",
];

impl Elements {
    pub(crate) fn new(written: Vec<String>) -> Self {
        let mut elements = Self { written, ..Self::default() };
        for word in elements.written.clone() {
            elements.add(&word);
        }
        elements.derive();
        elements
    }

    fn add(&mut self, word: &str) {
        let class = class_of(word);
        let Some(known) = CLASSES.iter().find(|known| **known == class) else {
            self.other.insert(class.to_owned());
            return;
        };
        self.insert(known);
        if word == "STUDENT_NAME" {
            self.insert("NAME");
        }
    }

    fn insert(&mut self, class: &'static str) {
        self.classes.insert(class);
        if let Some((_, wider)) = ALSO.iter().find(|(narrow, _)| *narrow == class) {
            self.classes.extend(wider.iter().copied());
        }
    }

    /// Classes that exist only as a combination.
    fn derive(&mut self) {
        let login = self.has("USERNAME") || self.has("EMAIL");
        if login && (self.has("PASSWORD_PLAINTEXT") || self.has("SECURITY_QA")) {
            self.insert("CRED");
        } else if login && self.has("PASSWORD_HASHED") && !self.has("CRED") {
            self.doubtful.insert("CRED");
        }
        if self.has("FIN_ACCT") && self.has("PIN") {
            self.insert("FIN_ACCT_WITH_CODE");
        }
    }

    fn has(&self, class: &str) -> bool {
        self.classes.contains(class) || self.other.contains(class)
    }

    pub(crate) fn contains(&self, word: &str) -> Truth {
        let class = class_of(word);
        if self.has(class) {
            Truth::Yes
        } else if self.doubtful.contains(class) {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    pub(crate) fn shows_a_name(&self) -> bool {
        self.written.iter().any(|word| NAMES.contains(&word.as_str()))
    }

    /// Nothing but the named classes was lost; names and the parts of a credential do not count by themselves.
    pub(crate) fn only(&self, words: &[String]) -> Truth {
        let wanted = words.iter().map(|word| self.contains(word)).fold(Truth::No, Truth::or);
        let credentials = words.iter().any(|word| class_of(word) == "CRED");
        let stray = self.written.iter().any(|word| {
            let class = class_of(word);
            let part = credentials && CREDENTIAL_PARTS.contains(&class);
            !part && !NAMES.contains(&word.as_str()) && !words.iter().any(|allowed| class_of(allowed) == class)
        });
        if stray { Truth::No } else { wanted }
    }
}

pub(crate) fn class_of(word: &str) -> &str {
    WORDS.iter().find(|(written, _)| *written == word).map_or(word, |(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(words: &[&str]) -> Elements {
        Elements::new(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn credentials_are_made_of_their_parts() {
        assert_eq!(elements(&["EMAIL", "PASSWORD_PLAINTEXT"]).contains("CRED"), Truth::Yes);
        assert_eq!(elements(&["USERNAME", "SECURITY_QA"]).contains("CRED"), Truth::Yes);
        assert_eq!(elements(&["EMAIL", "PASSWORD_HASHED"]).contains("CRED"), Truth::Unknown);
        assert_eq!(elements(&["EMAIL"]).contains("CRED"), Truth::No);
        assert_eq!(elements(&["PASSWORD_PLAINTEXT"]).contains("CRED"), Truth::No);
    }

    #[test]
    fn a_card_with_its_code_is_an_account_with_its_code() {
        assert_eq!(elements(&["CARD_WITH_CODE"]).contains("FIN_ACCT_WITH_CODE"), Truth::Yes);
        assert_eq!(elements(&["CARD"]).contains("FIN_ACCT_WITH_CODE"), Truth::No);
        assert_eq!(elements(&["IBAN"]).contains("FIN_ACCT"), Truth::Yes);
        assert_eq!(elements(&["IBAN", "PIN"]).contains("FIN_ACCT_WITH_CODE"), Truth::Yes);
    }

    #[test]
    fn only_credentials_means_nothing_else() {
        let only = ["CRED".to_owned()];
        assert_eq!(elements(&["NAME", "USERNAME", "PASSWORD_PLAINTEXT"]).only(&only), Truth::Yes);
        assert_eq!(elements(&["EMAIL", "PASSWORD_PLAINTEXT", "SSN"]).only(&only), Truth::No);
        assert_eq!(elements(&["EMAIL"]).only(&only), Truth::No);
    }
}
