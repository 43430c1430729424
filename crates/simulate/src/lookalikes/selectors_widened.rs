//! Infrastructure code adds more object logging to the trail and renews a flow log: more is recorded, not less.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::company::{DATA, VPCS};
use crate::formats::cloudtrail::Call;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "selectors-widened",
    title: "Trail records more than before",
    resembles: "logging-off",
    why_benign: "event selectors include all objects afterwards, logging is started, a flow log is created",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let who = cast::terraform(DATA, rng);
    let at = Zone::NewYork.at(stage.midnight, 11, 0) + rng.range(0, 300 * MINUTE);
    let selectors = j!([{
        "readWriteType": "All", "includeManagementEvents": true,
        "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}, {"type": "AWS::DynamoDB::Table", "values": ["arn:aws:dynamodb"]}],
        "excludeManagementEventSources": [],
    }]);
    let trail = "larkfield-data-events";
    let arn = format!("arn:aws:cloudtrail:us-east-1:{DATA}:trail/{trail}");
    let call = Call::new(at, &who, "cloudtrail", "PutEventSelectors", cast::RUNNER_IP).agent(cast::TERRAFORM).writes();
    let call = call
        .params(j!({"trailName": trail, "eventSelectors": (selectors.clone())}))
        .response(j!({"trailARN": arn, "eventSelectors": selectors}));
    stage.call(rng, &call);
    let call =
        Call::new(at + 4 * SECOND, &who, "cloudtrail", "StartLogging", cast::RUNNER_IP).agent(cast::TERRAFORM).writes();
    stage.call(rng, &call.params(j!({"name": trail})));
    let call =
        Call::new(at + 9 * SECOND, &who, "ec2", "CreateFlowLogs", cast::RUNNER_IP).agent(cast::TERRAFORM).writes();
    let params = j!({"CreateFlowLogsRequest": {
        "ResourceId": {"tag": 1, "content": (VPCS[1].id)}, "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3",
    }});
    stage.call(rng, &call.params(params));
    vec![who.entity(cast::RUNNER_IP)]
}
