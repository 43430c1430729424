//! Names, places and words from which synthetic people are made.
//!
//! Plain tables. None of the people exist; streets and schools are invented.

pub(crate) const FIRST_EN: &[&str] = &[
    "Olivia",
    "Liam",
    "Emma",
    "Noah",
    "Ava",
    "Ethan",
    "Sophia",
    "Mason",
    "Isabella",
    "Logan",
    "Mia",
    "Lucas",
    "Charlotte",
    "Jackson",
    "Amelia",
    "Aiden",
    "Harper",
    "Elijah",
    "Evelyn",
    "James",
    "Abigail",
    "Benjamin",
    "Emily",
    "Jacob",
    "Ella",
    "Michael",
    "Madison",
    "Daniel",
    "Aria",
    "Henry",
    "Grace",
    "Owen",
    "Chloe",
    "Wyatt",
    "Camila",
    "Carter",
    "Layla",
    "Julian",
    "Nora",
    "Levi",
    "Zoe",
    "Isaac",
    "Hannah",
    "Gabriel",
    "Lily",
    "Anthony",
    "Aaliyah",
    "Jaxon",
    "Savannah",
    "Lincoln",
    "Imani",
    "Malik",
    "Priya",
    "Arjun",
    "Mei",
    "Wei",
    "Fatima",
    "Omar",
    "Lucia",
    "Mateo",
    "Keisha",
    "Darius",
    "Hye-jin",
    "Min-jun",
];
pub(crate) const LAST_EN: &[&str] = &[
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Gonzalez",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Perez",
    "Thompson",
    "White",
    "Harris",
    "Sanchez",
    "Clark",
    "Ramirez",
    "Lewis",
    "Robinson",
    "Walker",
    "Young",
    "Allen",
    "King",
    "Wright",
    "Scott",
    "Torres",
    "Nguyen",
    "Hill",
    "Flores",
    "Green",
    "Adams",
    "Nelson",
    "Baker",
    "Hall",
    "Rivera",
    "Campbell",
    "Mitchell",
    "Carter",
    "Roberts",
    "Patel",
    "Kim",
    "Chen",
    "Singh",
    "Okafor",
    "Haddad",
    "Novak",
    "Reyes",
    "Bennett",
    "O'Connor",
];
pub(crate) const FIRST_DE: &[&str] = &[
    "Lukas",
    "Mia",
    "Felix",
    "Hannah",
    "Jonas",
    "Lea",
    "Maximilian",
    "Leonie",
    "Paul",
    "Lena",
    "Jürgen",
    "Anke",
    "Sören",
    "Käthe",
];
pub(crate) const LAST_DE: &[&str] = &[
    "Müller",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Becker",
    "Schäfer",
    "Koch",
    "Richter",
    "Wolf",
    "Neumann",
    "Krüger",
];
pub(crate) const FIRST_FR: &[&str] =
    &["Camille", "Louis", "Manon", "Hugo", "Inès", "Théo", "Chloé", "Jules", "Zoé", "Mathis", "Élise", "Étienne"];
pub(crate) const LAST_FR: &[&str] = &[
    "Martin",
    "Bernard",
    "Dubois",
    "Durand",
    "Moreau",
    "Lefèvre",
    "Roux",
    "Fournier",
    "Girard",
    "Mercier",
    "Chevalier",
];
pub(crate) const FIRST_ES: &[&str] =
    &["Lucía", "Hugo", "Martina", "Pablo", "Paula", "Álvaro", "Sofía", "Adrián", "Carmen", "Javier"];
pub(crate) const LAST_ES: &[&str] =
    &["García", "Fernández", "González", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Ruiz", "Navarro"];
pub(crate) const FIRST_NL: &[&str] =
    &["Daan", "Emma", "Sem", "Julia", "Bram", "Sanne", "Thijs", "Fleur", "Ruben", "Lotte"];
pub(crate) const LAST_NL: &[&str] =
    &["de Jong", "Jansen", "de Vries", "van den Berg", "Bakker", "Visser", "Smit", "Meijer", "Mulder"];
pub(crate) const FIRST_IE: &[&str] =
    &["Aoife", "Conor", "Ciara", "Oisín", "Niamh", "Darragh", "Saoirse", "Cillian", "Róisín", "Fionn"];
pub(crate) const LAST_IE: &[&str] =
    &["Murphy", "Kelly", "O'Sullivan", "Walsh", "Byrne", "Ryan", "O'Brien", "Doyle", "McCarthy", "Gallagher"];
pub(crate) const FIRST_IT: &[&str] =
    &["Giulia", "Leonardo", "Sofia", "Francesco", "Aurora", "Lorenzo", "Chiara", "Matteo"];
pub(crate) const LAST_IT: &[&str] =
    &["Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino"];
pub(crate) const FIRST_PL: &[&str] = &["Zuzanna", "Antoni", "Julia", "Jakub", "Maja", "Szymon", "Łucja", "Michał"];
pub(crate) const LAST_PL: &[&str] =
    &["Nowak", "Kowalski", "Wiśniewska", "Wójcik", "Kamiński", "Lewandowski", "Zielińska", "Dąbrowski"];

/// A place: residence code (`US-CA`, `DE`), weight among customers, and cities with the leading digits of their postcodes.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) code: &'static str,
    pub(crate) weight: u64,
    pub(crate) cities: &'static [(&'static str, &'static str)],
}

pub(crate) const PLACES: &[Place] = &[
    Place {
        code: "US-CA",
        weight: 150,
        cities: &[("Fresno", "937"), ("Oakland", "946"), ("San Diego", "921"), ("Sacramento", "958")],
    },
    Place {
        code: "US-TX",
        weight: 120,
        cities: &[("Austin", "787"), ("Houston", "770"), ("El Paso", "799"), ("Lubbock", "794")],
    },
    Place {
        code: "US-NY",
        weight: 110,
        cities: &[("Albany", "122"), ("Buffalo", "142"), ("Brooklyn", "112"), ("Yonkers", "107")],
    },
    Place { code: "US-FL", weight: 70, cities: &[("Tampa", "336"), ("Orlando", "328")] },
    Place { code: "US-MA", weight: 40, cities: &[("Worcester", "016"), ("Lowell", "018")] },
    Place { code: "US-IL", weight: 50, cities: &[("Peoria", "616"), ("Chicago", "606")] },
    Place { code: "US-WA", weight: 35, cities: &[("Spokane", "992"), ("Tacoma", "984")] },
    Place { code: "US-CO", weight: 30, cities: &[("Pueblo", "810"), ("Denver", "802")] },
    Place { code: "US-PA", weight: 35, cities: &[("Erie", "165"), ("Scranton", "185")] },
    Place { code: "US-OH", weight: 30, cities: &[("Dayton", "454"), ("Toledo", "436")] },
    Place { code: "US-GA", weight: 25, cities: &[("Macon", "312"), ("Savannah", "314")] },
    Place { code: "US-VT", weight: 10, cities: &[("Burlington", "054")] },
    Place { code: "DE", weight: 80, cities: &[("Hannover", "301"), ("Leipzig", "041"), ("Köln", "506")] },
    Place { code: "FR", weight: 60, cities: &[("Lyon", "690"), ("Nantes", "440"), ("Lille", "590")] },
    Place { code: "IE", weight: 45, cities: &[("Cork", "T12"), ("Galway", "H91"), ("Dublin", "D08")] },
    Place { code: "NL", weight: 35, cities: &[("Utrecht", "35"), ("Groningen", "97")] },
    Place { code: "ES", weight: 35, cities: &[("Valencia", "460"), ("Sevilla", "410")] },
    Place { code: "IT", weight: 25, cities: &[("Bologna", "401"), ("Torino", "101")] },
    Place { code: "PL", weight: 20, cities: &[("Wrocław", "50"), ("Gdańsk", "80")] },
];

/// First and last names usual in a place.
pub(crate) fn usual(code: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match code {
        "DE" => (FIRST_DE, LAST_DE),
        "FR" => (FIRST_FR, LAST_FR),
        "IE" => (FIRST_IE, LAST_IE),
        "NL" => (FIRST_NL, LAST_NL),
        "ES" => (FIRST_ES, LAST_ES),
        "IT" => (FIRST_IT, LAST_IT),
        "PL" => (FIRST_PL, LAST_PL),
        _ => (FIRST_EN, LAST_EN),
    }
}

pub(crate) const STREETS: &[&str] = &[
    "Maple", "Juniper", "Harbor", "Quarry", "Willow", "Orchard", "Foundry", "Meadow", "Chapel", "Canal", "Linden",
    "Station",
];
pub(crate) const SUFFIXES: &[&str] = &["St", "Ave", "Rd", "Ln", "Dr", "Way"];
pub(crate) const PROGRAMS: &[&str] =
    &["Biology", "Nursing", "History", "Computer Science", "Economics", "Mathematics", "Education", "Chemistry"];
pub(crate) const COURSES: &[&str] = &["BIO", "NUR", "HIS", "CSC", "ECO", "MAT", "EDU", "CHE", "ENG", "PHY"];
pub(crate) const PRODUCTS: &[&str] = &[
    "desk lamp",
    "field notebook",
    "gel pens",
    "backpack",
    "whiteboard",
    "lab goggles",
    "calculator",
    "standing desk",
    "sketch pad",
    "USB hub",
];

pub(crate) const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Mobile Safari/537.36",
];
