//! VPC flow logs: space-separated lines with a header, gzip, versions 2 and 5.
//!
//! A record covers up to a minute and one direction, as seen from one interface.

use crate::clock::{self, HOUR, MINUTE, Ms, SECOND};
use crate::company::{VPCS, Vpc};
use crate::formats::Route;
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

const V2: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";
const V5: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id pkt-src-aws-service \
pkt-dst-aws-service flow-direction traffic-path\n";

/// One direction of a conversation during one capture window.
#[derive(Debug, Clone)]
pub(crate) struct Flow<'a> {
    pub(crate) vpc: usize,
    pub(crate) at: Ms,
    pub(crate) eni: &'a str,
    pub(crate) instance: Option<&'a str>,
    pub(crate) source: (&'a str, i64),
    pub(crate) target: (&'a str, i64),
    pub(crate) bytes: i64,
    pub(crate) accept: bool,
    /// True when the packets leave the interface.
    pub(crate) egress: bool,
}

/// Bytes in a full packet of bulk transfer.
const PACKET: i64 = 1400;

impl Flow<'_> {
    fn line(&self, rng: &mut Rng) -> String {
        let vpc = &VPCS[self.vpc];
        let start = self.at / SECOND;
        let end = start + rng.range(20, 59);
        let packets = (self.bytes / PACKET).max(rng.range(1, 6));
        let action = if self.accept { "ACCEPT" } else { "REJECT" };
        let flags = if self.accept { *rng.pick(&["3", "19", "2", "18"]) } else { "2" };
        let ((source, source_port), (target, target_port)) = (self.source, self.target);
        let base = format!(
            "{} {} {} {source} {target} {source_port} {target_port} 6 {packets} {} {start} {end} {action} OK",
            vpc.version, vpc.account, self.eni, self.bytes
        );
        if vpc.version < 5 {
            return base;
        }
        let kind = if source.contains(':') { "IPv6" } else { "IPv4" };
        let (direction, traffic_path) = match (self.egress, target.starts_with("10.")) {
            (true, true) => ("egress", "1"),
            (true, false) => ("egress", "8"),
            (false, _) => ("ingress", "-"),
        };
        let instance = self.instance.unwrap_or("-");
        format!(
            "{base} {} {} {instance} {flags} {kind} {source} {target} {} use1-az2 - - {direction} {traffic_path}",
            vpc.id, vpc.subnet, vpc.region
        )
    }
}

pub(crate) fn header(vpc: &Vpc) -> &'static str {
    if vpc.version < 5 { V2 } else { V5 }
}

pub(crate) fn path(vpc: &Vpc, slot: Ms, rng: &mut Rng) -> String {
    let stamp = clock::seconds(slot + HOUR - 5 * MINUTE).replace(['-', ':'], "");
    let minute = stamp.get(..13).unwrap_or(&stamp);
    let (account, region, day) = (vpc.account, vpc.region, clock::date_path(slot));
    let name = format!("{account}_vpcflowlogs_{region}_{}_{minute}Z_{}.log.gz", vpc.flow_log, rng.hex(8));
    format!("telemetry/aws/vpcflow/AWSLogs/{account}/vpcflowlogs/{region}/{day}/{name}")
}

impl Stage<'_> {
    pub(crate) fn flow(&mut self, rng: &mut Rng, flow: &Flow<'_>) {
        let line = flow.line(rng);
        self.push(Route::VpcFlow(flow.vpc), flow.at, line, None, Hushable::FlowLog(flow.vpc));
    }
}
