//! The data at rest: which objects and tables exist, what is written in them and whose data it is.
//!
//! Written once, before the telemetry; sizes and subjects are taken from the very bytes that are written.
//! It does not know which of them will leak.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::company::SCHOOLS;
use crate::json::{J, j};
use crate::people::{People, Person, order_number};
use crate::rng::Rng;
use crate::sink::Sink;

/// A person by kind and index into `People`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Customer(usize),
    Student(usize),
}

/// One object of a bucket, or one table of a database.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Bucket, or folder name of the database below `objects/`.
    pub(crate) store: &'static str,
    pub(crate) key: String,
    /// `s3://…`, `azuresql://…`, `rds://…`
    pub(crate) uri: String,
    pub(crate) size: u64,
    pub(crate) subjects: Vec<Subject>,
}

impl Object {
    pub(crate) fn path(&self) -> String {
        format!("objects/{}/{}", self.store, self.key)
    }
}

/// A bucket or database and what its content means in the law's words.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) name: &'static str,
    pub(crate) elements: &'static [&'static str],
}

pub(crate) const EXPORTS: &str = "larkfield-customer-exports";
pub(crate) const ORDERS: &str = "larkfield-order-archive";
pub(crate) const PAYMENTS: &str = "larkfield-payments-archive";
pub(crate) const RECORDS: &str = "larkfield-student-records";
pub(crate) const GRADEBOOKS: &str = "larkfield-gradebooks";
pub(crate) const AID: &str = "larkfield-financial-aid";
pub(crate) const TICKETS: &str = "larkfield-support-attachments";
pub(crate) const LAKE: &str = "larkfield-analytics-lake";
pub(crate) const IMAGES: &str = "larkfield-product-images";
pub(crate) const MEDIA: &str = "larkfield-course-media";
pub(crate) const SQL_CAMPUS: &str = "azuresql-larkfield-campus-sql";
pub(crate) const SQL_CRM: &str = "azuresql-larkfield-crm-sql";
pub(crate) const RDS_PROFILES: &str = "rds-customer-profiles-prod";
pub(crate) const RDS_SIS: &str = "rds-student-sis-prod";

pub(crate) const STORES: &[Store] = &[
    Store { name: EXPORTS, elements: &["NAME", "EMAIL", "POSTAL_ADDRESS", "DOB"] },
    Store { name: ORDERS, elements: &["NAME", "EMAIL", "POSTAL_ADDRESS", "ORDER_HISTORY"] },
    Store { name: PAYMENTS, elements: &["NAME", "EMAIL", "CARD"] },
    Store { name: RECORDS, elements: &["NAME", "EMAIL", "DOB", "SSN", "STUDENT_ID", "STUDENT_PII"] },
    Store { name: GRADEBOOKS, elements: &["NAME", "EMAIL", "STUDENT_ID", "STUDENT_PII", "GRADES"] },
    Store { name: AID, elements: &["NAME", "EMAIL", "SSN", "STUDENT_ID", "STUDENT_PII", "FIN_ACCT"] },
    Store { name: TICKETS, elements: &["NAME", "EMAIL"] },
    Store { name: LAKE, elements: &[] },
    Store { name: IMAGES, elements: &[] },
    Store { name: MEDIA, elements: &[] },
    Store { name: SQL_CAMPUS, elements: &["NAME", "EMAIL", "DOB", "SSN", "STUDENT_ID", "STUDENT_PII", "GRADES"] },
    Store { name: SQL_CRM, elements: &["NAME", "EMAIL", "POSTAL_ADDRESS", "DOB"] },
    Store { name: RDS_PROFILES, elements: &["NAME", "EMAIL", "POSTAL_ADDRESS", "DOB", "CARD"] },
    Store { name: RDS_SIS, elements: &["NAME", "EMAIL", "DOB", "SSN", "STUDENT_ID", "STUDENT_PII"] },
];

/// Everything at rest.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) objects: Vec<Object>,
    by_store: BTreeMap<&'static str, Vec<usize>>,
}

impl Holdings {
    /// Writes all data at rest and remembers what is where.
    pub(crate) fn write(seed: u64, people: &People, sink: &mut dyn Sink) -> io::Result<Self> {
        let mut writer = Writer { holdings: Self::default(), sink };
        writer.customer_exports(people)?;
        writer.order_archive(seed, people)?;
        writer.payments(people)?;
        writer.student_records(people)?;
        writer.gradebooks(seed, people)?;
        writer.financial_aid(seed, people)?;
        writer.tickets(seed, people)?;
        writer.without_people(seed)?;
        writer.databases(seed, people)?;
        Ok(writer.holdings)
    }

    /// Indexes of the objects of a store, in key order.
    pub(crate) fn of(&self, store: &str) -> &[usize] {
        self.by_store.get(store).map_or(&[], Vec::as_slice)
    }

    /// Distinct subjects of some objects.
    pub(crate) fn subjects(&self, objects: &[usize]) -> BTreeSet<Subject> {
        objects.iter().flat_map(|&i| self.objects[i].subjects.iter().copied()).collect()
    }
}

struct Writer<'a> {
    holdings: Holdings,
    sink: &'a mut dyn Sink,
}

const CUSTOMERS_A_PART: usize = 24;
const STUDENTS_A_PART: usize = 20;

impl Writer<'_> {
    fn put(&mut self, store: &'static str, key: String, text: &str, subjects: Vec<Subject>) -> io::Result<()> {
        let uri = match store.split_once('-') {
            Some(("azuresql", server)) => format!("azuresql://{server}/{}", key.trim_end_matches(".csv")),
            Some(("rds", instance)) => format!("rds://{instance}/{}", key.trim_end_matches(".csv")),
            _ => format!("s3://{store}/{key}"),
        };
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let object = Object { store, key, uri, size, subjects };
        self.sink.put(&object.path(), text.as_bytes())?;
        self.holdings.by_store.entry(store).or_default().push(self.holdings.objects.len());
        self.holdings.objects.push(object);
        Ok(())
    }

    fn customer_exports(&mut self, people: &People) -> io::Result<()> {
        for (part, chunk) in people.customers.chunks(CUSTOMERS_A_PART).enumerate() {
            let text = customer_table(chunk);
            self.put(EXPORTS, format!("exports/crm/customers-part-{part:04}.csv"), &text, customers(chunk))?;
        }
        Ok(())
    }

    fn order_archive(&mut self, seed: u64, people: &People) -> io::Result<()> {
        for part in 0..110_u64 {
            let mut rng = Rng::new(seed, "orders", part);
            let (mut text, mut subjects) = (String::new(), Vec::new());
            for _ in 0..30 {
                let i = rng.index(people.customers.len());
                let c = &people.customers[i];
                order_line(&mut rng, c).write(&mut text);
                text.push('\n');
                subjects.push(Subject::Customer(i));
            }
            let key = format!("orders/{}/{:02}/orders-{part:04}.jsonl", 2024 + part / 60, part % 12 + 1);
            self.put(ORDERS, key, &text, subjects)?;
        }
        Ok(())
    }

    fn payments(&mut self, people: &People) -> io::Result<()> {
        // Only some customers paid before tokenisation; their settlement files are what is left.
        let paid: Vec<&Person> = people.customers.iter().filter(|c| c.number % 5 < 2).collect();
        for (part, chunk) in paid.chunks(16).enumerate() {
            let mut text =
                String::from("customer_id,name,email,country,state,card_number,card_expiry,amount,currency\n");
            let mut subjects = Vec::new();
            for c in chunk {
                let amount = format!("{}.{:02}", 10 + c.number % 190, c.number % 100);
                let currency = if c.country() == "US" { "USD" } else { "EUR" };
                row(
                    &mut text,
                    &[&c.id, &c.name(), &c.email, c.country(), c.state(), &c.card, &c.card_expiry, &amount, currency],
                );
                subjects.push(Subject::Customer(index(c)));
            }
            self.put(PAYMENTS, format!("settlement/2023/batch-{part:04}.csv"), &text, subjects)?;
        }
        Ok(())
    }

    fn student_records(&mut self, people: &People) -> io::Result<()> {
        for (number, school) in SCHOOLS.iter().enumerate() {
            let enrolled: Vec<&Person> = people.students.iter().filter(|s| s.school == number).collect();
            for (part, chunk) in enrolled.chunks(STUDENTS_A_PART).enumerate() {
                let subjects = chunk.iter().map(|s| Subject::Student(index(s))).collect();
                let key = format!("registry/{}/students-{part:03}.csv", school.domain.trim_end_matches(".example"));
                self.put(RECORDS, key, &student_table(chunk), subjects)?;
            }
        }
        Ok(())
    }

    fn gradebooks(&mut self, seed: u64, people: &People) -> io::Result<()> {
        for course in &people.courses {
            let roster: Vec<&Person> = course.roster.iter().map(|&i| &people.students[i]).collect();
            let subjects = course.roster.iter().map(|&i| Subject::Student(i)).collect();
            self.put(
                GRADEBOOKS,
                format!("2026-spring/{}.csv", course.id),
                &gradebook(seed, &course.id, &roster),
                subjects,
            )?;
        }
        Ok(())
    }

    fn financial_aid(&mut self, seed: u64, people: &People) -> io::Result<()> {
        let applicants: Vec<&Person> =
            people.students.iter().filter(|s| !s.ssn.is_empty() && s.number % 3 == 0).collect();
        for (part, chunk) in applicants.chunks(12).enumerate() {
            let (mut text, mut subjects) = (String::new(), Vec::new());
            for s in chunk {
                let mut rng = Rng::new(seed, "aid", s.number);
                j!({
                    "application_id": (format!("AID-{}", 50_000 + s.number)), "student_id": (&s.id), "first_name": (&s.first),
                    "last_name": (&s.last), "email": (&s.email), "country": (s.country()), "state": (s.state()), "ssn": (&s.ssn),
                    "routing_number": "021000021", "bank_account_number": (rng.digits(10)),
                    "household_income": (rng.range(14, 160) * 1000), "award_usd": (rng.range(4, 60) * 250),
                })
                .write(&mut text);
                text.push('\n');
                subjects.push(Subject::Student(index(s)));
            }
            self.put(AID, format!("applications/2026/aid-{part:03}.jsonl"), &text, subjects)?;
        }
        Ok(())
    }

    fn tickets(&mut self, seed: u64, people: &People) -> io::Result<()> {
        for part in 0..90_u64 {
            let mut rng = Rng::new(seed, "tickets", part);
            let (mut text, mut subjects) = (String::new(), Vec::new());
            for n in 0..8 {
                let i = rng.index(people.customers.len());
                let c = &people.customers[i];
                let order = order_number(&mut rng);
                let body = match n % 3 {
                    0 => format!(
                        "Hello, my order {order} has not arrived. Please write to {} or call {}. {}",
                        c.email,
                        c.phone,
                        c.name()
                    ),
                    1 => format!(
                        "I moved to {}, {}. Order {order} goes to the old address. {}",
                        c.street,
                        c.city,
                        c.name()
                    ),
                    _ => format!("The refund for {order} is missing since last week, regards, {}", c.name()),
                };
                j!({
                    "ticket": (format!("T-{}", 9000 + part * 8 + n)), "customer_id": (&c.id), "from": (c.name()), "email": (&c.email),
                    "country": (c.country()), "state": (c.state()), "body": body,
                })
                .write(&mut text);
                text.push('\n');
                subjects.push(Subject::Customer(i));
            }
            self.put(TICKETS, format!("tickets/2026/batch-{part:04}.jsonl"), &text, subjects)?;
        }
        Ok(())
    }

    /// Pseudonymous events, product images and course media: many objects, nobody's data.
    fn without_people(&mut self, seed: u64) -> io::Result<()> {
        for part in 0..80_u64 {
            let mut rng = Rng::new(seed, "lake", part);
            let mut text = String::from("event_key,session_key,kind,sku,amount_cents\n");
            for _ in 0..40 {
                let (kind, sku, cents) =
                    (*rng.pick(&["view", "cart", "order"]), rng.range(100, 999), rng.range(100, 20_000).to_string());
                row(&mut text, &[&rng.hex(16), &rng.hex(16), kind, &format!("SKU-{sku}"), &cents]);
            }
            self.put(LAKE, format!("curated/events/part-{part:04}.csv"), &text, Vec::new())?;
        }
        for n in 0..120_u64 {
            let text = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"640\"><title>SKU-{}</title></svg>\n",
                100 + n
            );
            self.put(IMAGES, format!("products/sku-{}.svg", 100 + n), &text, Vec::new())?;
        }
        for n in 0..60_u64 {
            let text = format!("# Unit {n}\n\nRead chapter {} and answer the questions at its end.\n", n % 14 + 1);
            self.put(MEDIA, format!("units/unit-{n:03}.md"), &text, Vec::new())?;
        }
        Ok(())
    }

    fn databases(&mut self, seed: u64, people: &People) -> io::Result<()> {
        let students: Vec<&Person> = people.students.iter().collect();
        let everyone = || (0..people.students.len()).map(Subject::Student).collect::<Vec<_>>();
        self.put(SQL_CAMPUS, "campus/dbo.students.csv".to_owned(), &student_table(&students), everyone())?;
        let mut grades = String::from("student_id,course_id,final_grade\n");
        let mut graded = Vec::new();
        for course in &people.courses {
            for &i in &course.roster {
                let mut rng = Rng::new(seed, &course.id, people.students[i].number);
                row(&mut grades, &[&people.students[i].id, &course.id, letter(rng.range(55, 100))]);
                graded.push(Subject::Student(i));
            }
        }
        self.put(SQL_CAMPUS, "campus/dbo.grades.csv".to_owned(), &grades, graded)?;
        self.put(RDS_SIS, "sis/public.students.csv".to_owned(), &student_table(&students), everyone())?;

        // The CRM holds two customers in three; the profile store all of them, with cards of the early ones.
        let known: Vec<Person> = people.customers.iter().filter(|c| c.number % 3 != 0).cloned().collect();
        let subjects = known.iter().map(|c| Subject::Customer(index(c))).collect();
        self.put(SQL_CRM, "crm/dbo.contacts.csv".to_owned(), &customer_table(&known), subjects)?;
        let all = customers(&people.customers);
        self.put(RDS_PROFILES, "profiles/public.customers.csv".to_owned(), &customer_table(&people.customers), all)?;
        let mut cards = String::from("customer_id,email,card_number,card_expiry\n");
        let mut holders = Vec::new();
        for c in people.customers.iter().filter(|c| c.number % 4 == 0) {
            row(&mut cards, &[&c.id, &c.email, &c.card, &c.card_expiry]);
            holders.push(Subject::Customer(index(c)));
        }
        self.put(RDS_PROFILES, "profiles/public.saved_cards.csv".to_owned(), &cards, holders)
    }
}

fn index(person: &Person) -> usize {
    usize::try_from(person.number).unwrap_or(usize::MAX)
}

fn customers(chunk: &[Person]) -> Vec<Subject> {
    chunk.iter().map(|c| Subject::Customer(index(c))).collect()
}

fn customer_table(rows: &[Person]) -> String {
    let mut text =
        String::from("customer_id,first_name,last_name,email,phone,street,city,postcode,state,country,date_of_birth\n");
    for c in rows {
        let fields: [&str; 11] = [
            &c.id,
            &c.first,
            &c.last,
            &c.email,
            &c.phone,
            &c.street,
            c.city,
            &c.postcode,
            c.state(),
            c.country(),
            &c.born,
        ];
        row(&mut text, &fields);
    }
    text
}

fn student_table(rows: &[&Person]) -> String {
    let mut text = String::from(
        "student_id,first_name,last_name,email,date_of_birth,ssn,home_state,home_country,school,program\n",
    );
    for s in rows {
        let school = SCHOOLS[s.school].name;
        let fields: [&str; 10] =
            [&s.id, &s.first, &s.last, &s.email, &s.born, &s.ssn, s.state(), s.country(), school, s.program];
        row(&mut text, &fields);
    }
    text
}

fn gradebook(seed: u64, course: &str, roster: &[&Person]) -> String {
    let mut text = String::from(
        "student_id,last_name,first_name,email,home_state,home_country,course,midterm,final,final_grade\n",
    );
    for s in roster {
        let mut rng = Rng::new(seed, course, s.number);
        let (score, midterm) = (rng.range(55, 100), rng.range(50, 100));
        let (midterm, last) = (midterm.to_string(), score.to_string());
        let fields: [&str; 10] =
            [&s.id, &s.last, &s.first, &s.email, s.state(), s.country(), course, &midterm, &last, letter(score)];
        row(&mut text, &fields);
    }
    text
}

fn letter(score: i64) -> &'static str {
    match score {
        93.. => "A",
        85.. => "B",
        75.. => "C",
        65.. => "D",
        _ => "F",
    }
}

fn order_line(rng: &mut Rng, c: &Person) -> J {
    let item = *rng.pick(crate::names::PRODUCTS);
    j!({
        "order_number": (order_number(rng)), "customer_id": (&c.id), "name": (c.name()), "email": (&c.email),
        "ship_to": {"street": (&c.street), "city": (c.city), "postcode": (&c.postcode), "state": (c.state()), "country": (c.country())},
        "items": [{"sku": (format!("SKU-{}", rng.range(100, 999))), "title": item, "quantity": (rng.range(1, 4))}],
        "total": (J::Tenths(rng.range(99, 3000))),
    })
}

/// One CSV line; fields with a comma or quote are quoted (RFC 4180).
fn row(text: &mut String, fields: &[&str]) {
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\n']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
    text.push('\n');
}
