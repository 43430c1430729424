//! Where a person lives, as codes: `US-CA` for a state of the United States, `DE` for another country.
//!
//! Reads what columns say (`CA`, `California`, `Germany`, `DEU`). It does not guess from telephone numbers, names or IP addresses.

const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF \
GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW \
KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL \
NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST \
SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Names and three-letter codes of the countries the regimes speak of, lower case.
const COUNTRY_NAMES: &[(&str, &str)] = &[
    ("US", "usa|united states|united states of america|u.s.|u.s.a.|america"),
    ("GB", "gbr|uk|united kingdom|great britain|england|scotland|wales|northern ireland"),
    ("DE", "deu|germany|deutschland"),
    ("FR", "fra|france"),
    ("IT", "ita|italy|italia"),
    ("ES", "esp|spain|españa|espana"),
    ("NL", "nld|netherlands|the netherlands|nederland|holland"),
    ("BE", "bel|belgium|belgië|belgique"),
    ("AT", "aut|austria|österreich"),
    ("CH", "che|switzerland|schweiz|suisse|svizzera"),
    ("IE", "irl|ireland"),
    ("PT", "prt|portugal"),
    ("PL", "pol|poland|polska"),
    ("SE", "swe|sweden|sverige"),
    ("NO", "nor|norway|norge"),
    ("DK", "dnk|denmark|danmark"),
    ("FI", "fin|finland|suomi"),
    ("CZ", "cze|czechia|czech republic"),
    ("GR", "grc|greece"),
    ("HU", "hun|hungary"),
    ("RO", "rou|romania"),
    ("BG", "bgr|bulgaria"),
    ("HR", "hrv|croatia"),
    ("SK", "svk|slovakia"),
    ("SI", "svn|slovenia"),
    ("LT", "ltu|lithuania"),
    ("LV", "lva|latvia"),
    ("EE", "est|estonia"),
    ("LU", "lux|luxembourg"),
    ("MT", "mlt|malta"),
    ("CY", "cyp|cyprus"),
    ("CA", "can|canada"),
    ("MX", "mex|mexico|méxico"),
    ("BR", "bra|brazil|brasil"),
    ("AR", "arg|argentina"),
    ("CL", "chl|chile"),
    ("CO", "col|colombia"),
    ("AU", "aus|australia"),
    ("NZ", "nzl|new zealand"),
    ("IN", "ind|india"),
    ("SG", "sgp|singapore"),
    ("JP", "jpn|japan"),
    ("KR", "kor|south korea|korea"),
    ("CN", "chn|china"),
    ("ZA", "zaf|south africa"),
    ("TR", "tur|turkey|türkiye"),
    ("IL", "isr|israel"),
    ("AE", "are|united arab emirates"),
    ("NG", "nga|nigeria"),
    ("KE", "ken|kenya"),
    ("PH", "phl|philippines"),
    ("ID", "idn|indonesia"),
    ("TH", "tha|thailand"),
    ("VN", "vnm|vietnam"),
    ("MY", "mys|malaysia"),
    ("HK", "hkg|hong kong"),
    ("TW", "twn|taiwan"),
    ("UA", "ukr|ukraine"),
    ("RU", "rus|russia"),
];

const STATES: &[(&str, &str)] = &[
    ("AL", "alabama"),
    ("AK", "alaska"),
    ("AZ", "arizona"),
    ("AR", "arkansas"),
    ("CA", "california"),
    ("CO", "colorado"),
    ("CT", "connecticut"),
    ("DE", "delaware"),
    ("DC", "district of columbia"),
    ("FL", "florida"),
    ("GA", "georgia"),
    ("HI", "hawaii"),
    ("ID", "idaho"),
    ("IL", "illinois"),
    ("IN", "indiana"),
    ("IA", "iowa"),
    ("KS", "kansas"),
    ("KY", "kentucky"),
    ("LA", "louisiana"),
    ("ME", "maine"),
    ("MD", "maryland"),
    ("MA", "massachusetts"),
    ("MI", "michigan"),
    ("MN", "minnesota"),
    ("MS", "mississippi"),
    ("MO", "missouri"),
    ("MT", "montana"),
    ("NE", "nebraska"),
    ("NV", "nevada"),
    ("NH", "new hampshire"),
    ("NJ", "new jersey"),
    ("NM", "new mexico"),
    ("NY", "new york"),
    ("NC", "north carolina"),
    ("ND", "north dakota"),
    ("OH", "ohio"),
    ("OK", "oklahoma"),
    ("OR", "oregon"),
    ("PA", "pennsylvania"),
    ("RI", "rhode island"),
    ("SC", "south carolina"),
    ("SD", "south dakota"),
    ("TN", "tennessee"),
    ("TX", "texas"),
    ("UT", "utah"),
    ("VT", "vermont"),
    ("VA", "virginia"),
    ("WA", "washington"),
    ("WV", "west virginia"),
    ("WI", "wisconsin"),
    ("WY", "wyoming"),
    ("PR", "puerto rico"),
    ("GU", "guam"),
    ("VI", "us virgin islands"),
    ("AS", "american samoa"),
    ("MP", "northern mariana islands"),
];

/// An ISO 3166-1 alpha-2 code in use, upper case.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split([' ', '\n']).any(|country| country == code)
}

/// The country a cell names.
pub(crate) fn country(cell: &str) -> Option<&'static str> {
    let cell = cell.trim();
    let upper = cell.to_ascii_uppercase();
    if let Some(code) = COUNTRIES.split([' ', '\n']).find(|code| *code == upper) {
        return Some(code);
    }
    let lower = cell.to_lowercase();
    COUNTRY_NAMES.iter().find(|(_, names)| names.split('|').any(|name| name == lower)).map(|(code, _)| *code)
}

/// The state of the United States a cell names; `US-CA` is read too.
pub(crate) fn us_state(cell: &str) -> Option<&'static str> {
    let cell = cell.trim();
    let cell = cell.strip_prefix("US-").unwrap_or(cell);
    let upper = cell.to_ascii_uppercase();
    let lower = cell.to_ascii_lowercase();
    STATES.iter().find(|(code, name)| *code == upper || *name == lower).map(|(code, _)| *code)
}

/// `… , TX 19110` at the end of a postal address.
pub(crate) fn us_state_in_address(address: &str) -> Option<&'static str> {
    let mut words = address.trim_end().rsplit([' ', ',']).filter(|word| !word.is_empty());
    let zip = words.next()?;
    let state = words.next()?;
    let digits = zip.get(..5)?.bytes().all(|byte| byte.is_ascii_digit());
    let zip_shaped = digits && matches!(zip.len(), 5 | 10);
    let coded = state.len() == 2 && state.bytes().all(|byte| byte.is_ascii_uppercase());
    if zip_shaped && coded { us_state(state) } else { None }
}

/// The residency code from what a record says about country and state.
pub(crate) fn residency(country_cell: Option<&str>, state_cell: Option<&str>, address: Option<&str>) -> Option<String> {
    let country = country_cell.and_then(country);
    let state = state_cell.and_then(us_state);
    match (country, state) {
        (Some("US") | None, Some(state)) => Some(format!("US-{state}")),
        (Some("US") | None, None) => match address.and_then(us_state_in_address) {
            Some(state) => Some(format!("US-{state}")),
            None => country.map(str::to_owned),
        },
        (Some(other), _) => Some(other.to_owned()),
    }
}
