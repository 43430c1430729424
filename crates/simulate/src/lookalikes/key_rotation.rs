//! The automation role makes new access keys for service users, then disables and deletes the old ones.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{self, HOUR, MINUTE, SECOND};
use crate::company::PROD;
use crate::formats::cloudtrail::Call;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "key-rotation",
    title: "Rotation of access keys by the automation role",
    resembles: "access keys created for others",
    why_benign: "the rotation role does it for service users on schedule; each new key is followed by the old one's end within the hour",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let job = Principal::job(PROD, "larkfield-key-rotation", "rotate-keys");
    let ip = format!("10.20.{}.{}", rng.range(1, 9), rng.range(10, 200));
    let mut at = stage.midnight + 9 * HOUR + rng.range(0, 30 * MINUTE);
    for user in ["svc-mailer", "svc-legacy-sftp", "svc-ci-deploy"] {
        let (new, old) = (format!("AKIA{}", rng.base32(16)), format!("AKIA{}", rng.base32(16)));
        let created = j!({"accessKey": {"accessKeyId": (&new), "status": "Active", "userName": user, "createDate": (clock::us_style(at))}});
        let steps = [
            ("ListAccessKeys", j!({"userName": user}), j!(null), true),
            ("CreateAccessKey", j!({"userName": user}), created, false),
            ("UpdateAccessKey", j!({"userName": user, "accessKeyId": (&old), "status": "Inactive"}), j!(null), false),
            ("DeleteAccessKey", j!({"userName": user, "accessKeyId": (&old)}), j!(null), false),
        ];
        for (name, params, response, read) in steps {
            let mut call = Call::new(at, &job, "iam", name, &ip).agent(cast::BOTO).params(params).response(response);
            call.read = read;
            stage.call(rng, &call);
            at += rng.range(10 * SECOND, 400 * SECOND);
        }
    }
    vec![job.entity(&ip)]
}
