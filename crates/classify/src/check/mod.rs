//! The checks that data files name: checksums, calendars, ranges and decoders over one matched value.
//!
//! Each takes the value as it stood in the text and says whether it can be what it looks like. Pure functions; to add one,
//! write it in the file of its family and name it in the list below.

mod americas;
mod asia_pacific;
mod contact;
mod dates;
mod digits;
mod europe;
mod payment;
mod secret;

/// A check over one matched value.
pub(crate) type Check = fn(&str) -> bool;

/// The check a data file names.
#[expect(clippy::too_many_lines, reason = "one line per check: the list is as long as the world has schemes")]
pub(crate) fn by_name(name: &str) -> Option<Check> {
    let check: Check = match name {
        "card" => payment::card,
        "card_track" => payment::card_track,
        "card_expiry" => payment::card_expiry,
        "iban" => payment::iban,
        "bic" => payment::bic,
        "aba" => payment::aba,
        "bitcoin" => payment::bitcoin,
        "ethereum" => payment::ethereum,
        "luhn" => payment::luhn_value,
        "imei" => payment::luhn_value,
        "ssn" => americas::ssn,
        "itin" => americas::itin,
        "ein" => americas::ein,
        "npi" => americas::npi,
        "mbi" => americas::mbi,
        "dea" => americas::dea,
        "vin" => americas::vin,
        "sin" => americas::sin,
        "cpf" => americas::cpf,
        "cnpj" => americas::cnpj,
        "curp" => americas::curp,
        "rut" => americas::rut,
        "nhs" => europe::nhs,
        "nino" => europe::nino,
        "utr" => europe::utr,
        "upn" => europe::upn,
        "uk_driver" => europe::uk_driver,
        "de_tax" => europe::de_tax,
        "de_id_card" => europe::de_id_card,
        "nir" => europe::nir,
        "nif" => europe::nif,
        "nie" => europe::nie,
        "codice_fiscale" => europe::codice_fiscale,
        "bsn" => europe::bsn,
        "be_nrn" => europe::be_nrn,
        "pesel" => europe::pesel,
        "personnummer" => europe::personnummer,
        "hetu" => europe::hetu,
        "cpr" => europe::cpr,
        "fnr" => europe::fnr,
        "tckn" => europe::tckn,
        "aadhaar" => asia_pacific::aadhaar,
        "tfn" => asia_pacific::tfn,
        "au_medicare" => asia_pacific::au_medicare,
        "rrn" => asia_pacific::rrn,
        "cn_ric" => asia_pacific::cn_ric,
        "my_number" => asia_pacific::my_number,
        "nric" => asia_pacific::nric,
        "za_id" => asia_pacific::za_id,
        "date_of_birth" => dates::date_of_birth,
        "email" => contact::email,
        "phone" => contact::phone,
        "column_phone" => contact::column_phone,
        "ipv4" => contact::ipv4,
        "ipv6" => contact::ipv6,
        "mac" => contact::mac,
        "geo" => contact::geo,
        "person_name" => contact::person_name,
        "postal_address" => contact::postal_address,
        "grade" => contact::grade,
        "not_repeated" => digits::not_repeated,
        "has_digit" => digits::has_digit,
        "aws_access_key" => secret::aws_access_key,
        "aws_secret_key" => secret::aws_secret_key,
        "github_token" => secret::github_token,
        "jwt" => secret::jwt,
        "basic_auth" => secret::basic_auth,
        "password" => secret::password,
        "strong_password" => secret::strong_password,
        "db_url" => secret::db_url,
        "token" => secret::token,
        _ => return None,
    };
    Some(check)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::by_name;

    /// Scheme of the reference list, our check. Only schemes whose reference also judges a value by form and checksum alone.
    const SAME: &[(&str, &str)] = &[
        ("iban", "iban"),
        ("us.ssn", "ssn"),
        ("us.itin", "itin"),
        ("us.rtn", "aba"),
        ("gb.nhs", "nhs"),
        ("gb.utr", "utr"),
        ("gb.upn", "upn"),
        ("de.idnr", "de_tax"),
        ("fr.nir", "nir"),
        ("es.dni", "nif"),
        ("es.nie", "nie"),
        ("it.codicefiscale", "codice_fiscale"),
        ("nl.bsn", "bsn"),
        ("be.nn", "be_nrn"),
        ("pl.pesel", "pesel"),
        ("se.personnummer", "personnummer"),
        ("fi.hetu", "hetu"),
        ("no.fodselsnummer", "fnr"),
        ("tr.tckimlik", "tckn"),
        ("ca.sin", "sin"),
        ("br.cpf", "cpf"),
        ("br.cnpj", "cnpj"),
        ("mx.curp", "curp"),
        ("cl.rut", "rut"),
        ("in_.aadhaar", "aadhaar"),
        ("au.tfn", "tfn"),
        ("kr.rrn", "rrn"),
        ("cn.ric", "cn_ric"),
        ("jp.in_", "my_number"),
        ("za.idnr", "za_id"),
        ("imei", "imei"),
        ("luhn", "luhn"),
    ];

    /// Where we differ on purpose, or the list is wrong: lower case is not matched by the pattern; a count down is a
    /// placeholder; sixteen digits are a software version of an IMEI; the accounts fail mod 97 when computed by hand.
    const DIFFER: &[&str] = &[
        "x-2482300w",
        "876 543 210",
        "35-209900-176148-23",
        "AL48212110090000000235698741",
        "AT611804300234573201",
        "BE68530907547034",
        "BA391290709401028494",
        "BG80BNBG99611020345678",
        "HR1210010052863000160",
        "CZ9455000000000101038930",
        "DK5000400440116342",
        "AT93 1904 3002 3457 3201 99",
        "BE36 5390 0754 7034 1234",
        "QQ93 1234 5678",
    ];

    /// Our checks agree with the examples of a reference implementation on what is valid, and on wrong check digits.
    #[test]
    fn checks_agree_with_a_reference_list() {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let list = here
            .ancestors()
            .map(|up| up.join("shared/corpora/07-pii/stdnum_identifiers.jsonl"))
            .find(|path| path.is_file());
        let Some(list) = list else {
            println!("skipped: corpora not present");
            return;
        };
        let same: BTreeMap<&str, &str> = SAME.iter().copied().collect();
        let mut judged = BTreeMap::new();
        let mut wrong = Vec::new();
        for line in std::fs::read_to_string(list).unwrap().lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let (format, number) = (record["format"].as_str().unwrap(), record["number"].as_str().unwrap());
            let Some(name) = same.get(format) else { continue };
            if DIFFER.contains(&number) {
                continue;
            }
            let valid = record["valid"].as_bool();
            // Other errors are about length and form, which patterns decide here.
            if valid == Some(true) || record["error"] == "InvalidChecksum" {
                *judged.entry(*name).or_insert(0) += 1;
                if by_name(name).unwrap()(number) != (valid == Some(true)) {
                    wrong.push(format!("{format} {number} is {valid:?}"));
                }
            }
        }
        println!("{judged:?}");
        assert!(20 <= judged.len(), "only {judged:?}");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
