//! The techniques of ATT&CK Enterprise that its matrices of cloud platforms name, so that one nobody watches for is told too.
//! A list of names and no judgement; <https://attack.mitre.org/matrices/enterprise/cloud/>, version 16.

use super::watchers::Watcher;

pub(super) const ATTACK_VERSION: &str = "16";
/// As the Navigator spells them.
pub(super) const PLATFORMS: [&str; 4] = ["IaaS", "SaaS", "Office Suite", "Identity Provider"];

/// What a technique is called; `None` for one that the list does not hold.
pub(super) fn name(technique: &str) -> Option<&'static str> {
    CLOUD.iter().find(|(id, _)| *id == technique).map(|(_, name)| *name)
}

/// Techniques of the list that nothing reports, neither itself nor, for one with parts, a part of it.
pub(super) fn unwatched(watchers: &[Watcher]) -> Vec<(&'static str, &'static str)> {
    let is_watched = |id: &str| {
        let within = |own: &String| own == id || own.strip_prefix(id).is_some_and(|rest| rest.starts_with('.'));
        watchers.iter().any(|watcher| watcher.attack.iter().any(within))
    };
    CLOUD.iter().copied().filter(|(id, _)| !is_watched(id)).collect()
}

const CLOUD: &[(&str, &str)] = &[
    ("T1021.007", "Remote Services: Cloud Services"),
    ("T1021.008", "Remote Services: Direct Cloud VM Connections"),
    ("T1040", "Network Sniffing"),
    ("T1046", "Network Service Discovery"),
    ("T1048", "Exfiltration Over Alternative Protocol"),
    ("T1049", "System Network Connections Discovery"),
    ("T1059.009", "Command and Scripting Interpreter: Cloud API"),
    ("T1069.003", "Permission Groups Discovery: Cloud Groups"),
    ("T1070.008", "Indicator Removal: Clear Mailbox Data"),
    ("T1074.002", "Data Staged: Remote Data Staging"),
    ("T1078.001", "Valid Accounts: Default Accounts"),
    ("T1078.004", "Valid Accounts: Cloud Accounts"),
    ("T1080", "Taint Shared Content"),
    ("T1082", "System Information Discovery"),
    ("T1087.003", "Account Discovery: Email Account"),
    ("T1087.004", "Account Discovery: Cloud Account"),
    ("T1098.001", "Account Manipulation: Additional Cloud Credentials"),
    ("T1098.002", "Account Manipulation: Additional Email Delegate Permissions"),
    ("T1098.003", "Account Manipulation: Additional Cloud Roles"),
    ("T1098.004", "Account Manipulation: SSH Authorized Keys"),
    ("T1098.005", "Account Manipulation: Device Registration"),
    ("T1110.001", "Brute Force: Password Guessing"),
    ("T1110.002", "Brute Force: Password Cracking"),
    ("T1110.003", "Brute Force: Password Spraying"),
    ("T1110.004", "Brute Force: Credential Stuffing"),
    ("T1114.002", "Email Collection: Remote Email Collection"),
    ("T1114.003", "Email Collection: Email Forwarding Rule"),
    ("T1119", "Automated Collection"),
    ("T1136.003", "Create Account: Cloud Account"),
    ("T1190", "Exploit Public-Facing Application"),
    ("T1199", "Trusted Relationship"),
    ("T1201", "Password Policy Discovery"),
    ("T1204.003", "User Execution: Malicious Image"),
    ("T1213.001", "Data from Information Repositories: Confluence"),
    ("T1213.002", "Data from Information Repositories: Sharepoint"),
    ("T1213.003", "Data from Information Repositories: Code Repositories"),
    ("T1213.004", "Data from Information Repositories: Customer Relationship Management Software"),
    ("T1213.005", "Data from Information Repositories: Messaging Applications"),
    ("T1484.002", "Domain or Tenant Policy Modification: Trust Modification"),
    ("T1485", "Data Destruction"),
    ("T1486", "Data Encrypted for Impact"),
    ("T1489", "Service Stop"),
    ("T1490", "Inhibit System Recovery"),
    ("T1491.002", "Defacement: External Defacement"),
    ("T1496.001", "Resource Hijacking: Compute Hijacking"),
    ("T1496.002", "Resource Hijacking: Bandwidth Hijacking"),
    ("T1496.003", "Resource Hijacking: SMS Pumping"),
    ("T1496.004", "Resource Hijacking: Cloud Service Hijacking"),
    ("T1498", "Network Denial of Service"),
    ("T1499", "Endpoint Denial of Service"),
    ("T1518.001", "Software Discovery: Security Software Discovery"),
    ("T1525", "Implant Internal Image"),
    ("T1526", "Cloud Service Discovery"),
    ("T1528", "Steal Application Access Token"),
    ("T1530", "Data from Cloud Storage"),
    ("T1531", "Account Access Removal"),
    ("T1534", "Internal Spearphishing"),
    ("T1535", "Unused/Unsupported Cloud Regions"),
    ("T1537", "Transfer Data to Cloud Account"),
    ("T1538", "Cloud Service Dashboard"),
    ("T1539", "Steal Web Session Cookie"),
    ("T1546", "Event Triggered Execution"),
    ("T1548.005", "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access"),
    ("T1550.001", "Use Alternate Authentication Material: Application Access Token"),
    ("T1550.004", "Use Alternate Authentication Material: Web Session Cookie"),
    ("T1552.001", "Unsecured Credentials: Credentials In Files"),
    ("T1552.005", "Unsecured Credentials: Cloud Instance Metadata API"),
    ("T1552.008", "Unsecured Credentials: Chat Messages"),
    ("T1555.006", "Credentials from Password Stores: Cloud Secrets Management Stores"),
    ("T1556.006", "Modify Authentication Process: Multi-Factor Authentication"),
    ("T1556.007", "Modify Authentication Process: Hybrid Identity"),
    ("T1556.009", "Modify Authentication Process: Conditional Access Policies"),
    ("T1562.001", "Impair Defenses: Disable or Modify Tools"),
    ("T1562.007", "Impair Defenses: Disable or Modify Cloud Firewall"),
    ("T1562.008", "Impair Defenses: Disable or Modify Cloud Logs"),
    ("T1564.008", "Hide Artifacts: Email Hiding Rules"),
    ("T1566", "Phishing"),
    ("T1567.001", "Exfiltration Over Web Service: Exfiltration to Code Repository"),
    ("T1567.002", "Exfiltration Over Web Service: Exfiltration to Cloud Storage"),
    ("T1567.004", "Exfiltration Over Web Service: Exfiltration Over Webhook"),
    ("T1578.001", "Modify Cloud Compute Infrastructure: Create Snapshot"),
    ("T1578.002", "Modify Cloud Compute Infrastructure: Create Cloud Instance"),
    ("T1578.003", "Modify Cloud Compute Infrastructure: Delete Cloud Instance"),
    ("T1578.004", "Modify Cloud Compute Infrastructure: Revert Cloud Instance"),
    ("T1578.005", "Modify Cloud Compute Infrastructure: Modify Cloud Compute Configurations"),
    ("T1580", "Cloud Infrastructure Discovery"),
    ("T1606.001", "Forge Web Credentials: Web Cookies"),
    ("T1606.002", "Forge Web Credentials: SAML Tokens"),
    ("T1619", "Cloud Storage Object Discovery"),
    ("T1621", "Multi-Factor Authentication Request Generation"),
    ("T1648", "Serverless Execution"),
    ("T1651", "Cloud Administration Command"),
    ("T1654", "Log Enumeration"),
    ("T1656", "Impersonation"),
    ("T1657", "Financial Theft"),
    ("T1666", "Modify Cloud Resource Hierarchy"),
];
