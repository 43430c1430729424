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
        "db_url" => secret::db_url,
        "token" => secret::token,
        _ => return None,
    };
    Some(check)
}
