//! The nightly backup copies changed objects of every store to the vault in the backup account.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::company::{BACKUP, DATA};
use crate::formats::cloudtrail::Call;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "nightly-backup",
    title: "Nightly backup to the vault account",
    resembles: "stolen-session",
    why_benign: "the backup role copies every night at the same hour, from inside, to the company's own account 777788889999",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let job = Principal::job(DATA, "larkfield-backup", &format!("backup-{}", crate::clock::date(stage.midnight)));
    let ip = cast::private_ip("larkfield-backup", 0);
    let mut at = stage.midnight + 6 * HOUR + rng.range(0, 10 * MINUTE);
    let mut objects: Vec<usize> = (0..stage.world.holdings.objects.len())
        .filter(|&i| stage.world.holdings.objects[i].store.starts_with("larkfield-"))
        .collect();
    rng.shuffle(&mut objects);
    for &i in objects.iter().take(40) {
        let object = &stage.world.holdings.objects[i];
        let read = Call::new(at, &job, "s3", "GetObject", &ip).agent(cast::BOTO).object(
            object.store,
            &object.key,
            0,
            object.size,
            rng,
        );
        stage.call(rng, &read);
        let mut copy = Call::new(at + SECOND, &job, "s3", "CopyObject", &ip).agent(cast::BOTO).writes().object(
            "larkfield-backup-vault",
            &object.key,
            0,
            310,
            rng,
        );
        copy.params.set("x-amz-copy-source", format!("{}/{}", object.store, object.key));
        copy.params.set("x-amz-expected-bucket-owner", BACKUP);
        copy.owner = Some(BACKUP);
        copy.response = j!({"x-amz-server-side-encryption": "aws:kms"});
        stage.call(rng, &copy);
        at += rng.range(SECOND, 6 * SECOND);
    }
    vec![job.entity(&ip)]
}
