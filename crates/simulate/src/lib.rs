//! A synthetic company, shop and campus: realistic telemetry in vendor formats with labelled leaks.
//!
//! Larkfield Supply sells to people (controller); Larkfield Campus runs portals, courses and assessments for schools
//! (processor). [`generate`] writes its data at rest, its telemetry, its profile and the answers to a [`Sink`]. It uses
//! no other crate of ours and never looks at rules: what it writes is what the services write.
//!
//! ```
//! let dir = tempfile::tempdir()?;
//! let mut sink = simulate::DirSink::new(dir.path());
//! let mut options = simulate::Options::demo(7, jiff::civil::date(2026, 3, 2));
//! options.days = 1;
//! options.scale = 0.01;
//! let truth = simulate::generate(&options, &mut sink)?;
//! assert_eq!(truth.stories.len(), 9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is written
//!
//! | path | content |
//! |---|---|
//! | `telemetry/aws/cloudtrail/AWSLogs/…json.gz` | `{"Records":[…]}`, an hour, account and region a file; management and S3 data events |
//! | `telemetry/aws/vpcflow/AWSLogs/…log.gz` | version 2 and 5 lines with header, an hour and VPC a file |
//! | `telemetry/aws/s3access/…` | server access log lines, four hours and bucket a file |
//! | `telemetry/azure/{activitylogs,signinlogs,auditlogs}/…/PT1H.json` | JSON lines of diagnostic settings, CRLF |
//! | `telemetry/m365/audit/DATE.jsonl` | unified audit log |
//! | `telemetry/application/SERVICE/DATE.jsonl.gz` | the company's own application log, version 1 |
//! | `objects/STORE/KEY` | data at rest: buckets by name, databases as `azuresql-SERVER/DB/TABLE.csv`, `rds-INSTANCE/…` |
//! | `company.json` | what a deployment would configure: accounts, networks, partners, announced tests, customers and their terms |
//! | `ground-truth.json` | [`GroundTruth`]: the leaks, their records and subjects, the look-alikes and why they are benign |
//!
//! The first nine of the leaks below are the demo's; [`Stories::All`] has the others too.
//!
//! The same [`Options`] give the same bytes. `scale` multiplies the background; stories and look-alikes keep their
//! size. The first third of a run has no story, so that there is a history. One day is in memory at a time; besides it
//! only the labels of the answers grow with the run.
//!
//! # The leaks, and what tells them apart
//!
//! | story | sequence | what is never so in innocent activity |
//! |---|---|---|
//! | `public-bucket` | block removed, policy (or ACL) grants everyone, a listing and many `GetObject` without identity | the policy opens a bucket that the company does not keep public on purpose; anonymous reads *succeed* on it |
//! | `azure-sql-export` | sign-in from a strange network on an unmanaged device, firewall range, export, rule deleted | a range that is not the company's, and an export whose target is not the company's storage account |
//! | `stolen-session` | identity asked, roles and buckets listed with refusals, one bucket copied | an instance's role session calls from an address that is no private one, and is refused again and again |
//! | `egress-opened` | a host reads many objects, its group is opened to every address, gigabytes flow | the rule is for the world, and one interface sends one unknown address more than any other ever gets |
//! | `checkout-card-log` | `client.log` messages carry card numbers | digits pass Luhn with an issuer's prefix; with the security code in one form |
//! | `api-error-records` | `http.status` 500 with `resource.type` `customer`, a count and a long body | the error names records; other errors are short and have no `resource` |
//! | `portal-paging` | one student session, many `student_record` | `resource.owner_id` differs from `user.student_id`, for many owners |
//! | `gradebook-export` | sign-in (often after failures) from a strange address, exports of several courses | role `ta`, several courses in minutes, owner of most is not the assistant's own instructor |
//! | `logging-off` | trail stopped, data events deselected or flow logs deleted; snapshot made and shared | the receiving account (or `all`) is not the company's; what the log would have shown is missing for hours |
//! | `customer-walk` | one session, many `customer` by the product API, often after many 403 and 404 | `resource.owner_id` differs from `user.id`, for many owners |
//! | `stuffed-accounts` | one address, many accounts refused, some let in, their data exported | the failures are of different accounts and successes follow |
//! | `support-browsing` | an agent's account opens a customer every quarter of a minute | more customers in an hour than anybody reads, and no ticket |
//! | `transcripts-taken` | an assistant's account downloads transcripts one after the other | role `ta`, owners of many |
//! | `role-chain` | an instance's session takes on a second role, which reads every object of a bucket | one session from several strange addresses, all objects |
//! | `secrets-then-export` | a person reads every secret, copies a database and exports the copy | different secrets of one session in minutes; a bucket that is not the company's |
//!
//! Each has two or three forms that the seed chooses, and its own actors, hours, counts, stores and addresses. A story's
//! *deed* is when data began to get out.
//!
//! # The look-alikes
//!
//! Whole buckets are read by the backup (`nightly-backup`), the analytics job (`lake-etl`), a migration
//! (`bucket-migration`), Macie (`security-services`) and a partner's account (`partner-read`): own roles, from private
//! addresses or by the services, to accounts and buckets in the profile. Configuration is enumerated by auditors
//! (`auditor-review`). Anonymous reads are of images that are public on purpose (`public-images`,
//! `public-policy-renewed`) or are refused (`penetration-test`, in its announced window and network). Policies, blocks,
//! security groups and selectors are written by infrastructure code (`terraform-run`, `selectors-widened`) and close or
//! widen, never open or blind. Snapshots go to the company's own recovery account (`recovery-copy`), exports to its own
//! vault (`vault-export`), bytes to a vendor in the profile (`vendor-transfer`). Keys and factors are replaced, not only
//! removed (`key-rotation`, `device-replaced`); the break-glass account is tried with its factor (`break-glass-drill`).
//! People appear from new networks that are announced (`new-office`) or on managed devices (`travelling-employee`);
//! a firewall rule names one office address (`office-firewall-rule`). Mail is forwarded within the company
//! (`internal-forwarding`), consent is to approved applications (`admin-consent`), links are for single blobs and short
//! (`student-sas`). Many records are read by those who may: `instructor-paging` (own class), `registrar-export`,
//! `own-course-export`, `support-lookup` (with tickets, all day), `anxious-student` and `own-data-export` (the own
//! record), `term-start` (many people, each the own record). Errors come in masses without data (`sale-day`,
//! `load-test`), and 16-digit order numbers start like cards and fail Luhn.
//!
//! Products are walked through by a partner (`partner-sync`) and a search engine (`search-crawler`); test customers by a
//! load test (`sign-in-load-test`). Support has its busiest day with a ticket for each lookup (`support-peak`), the
//! registrar issues transcripts (`term-transcripts`), an app asks for the own record all day (`app-refresh`). Sign-ins fail
//! many times for one account (`password-manager-retry`) or once each for a class behind one address (`computer-room`);
//! customers change their addresses without an export (`moving-customers`). The backup reads every object from inside
//! (`full-backup`).
//!
//! # Known simplifications
//!
//! Sessions change their key every four hours. A foreign copy is seen only from the side of the data's owner. Objects
//! are small, so the flows of `egress-opened` carry more bytes than the objects have. Records of one story are written
//! even while another story has switched the log off, so that each can be judged alone.

mod actors;
mod benign;
mod cast;
mod clock;
mod company;
mod exposure;
mod formats;
mod generate;
mod holdings;
mod json;
mod lookalikes;
mod names;
mod options;
mod people;
mod rhythm;
mod rng;
mod sink;
mod stage;
mod stories;
mod truth;

pub use generate::{GenerateError, generate};
pub use options::{DAYS_MAX, Options, SCALE_MAX, Stories, StoryId, UnknownStory};
pub use sink::{DirSink, Sink};
pub use truth::{
    ExpectedDuty, ExposedObject, Exposure, GroundTruth, LookAlikeTruth, Occurrence, RecordRef, StoryTruth,
    TRUTH_VERSION,
};
