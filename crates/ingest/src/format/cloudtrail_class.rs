//! Which OCSF class and activity a CloudTrail call is: a table of names, and the verb where no name is listed.
//!
//! Sign-ins and new sessions are Authentication, changes of users and roles are Account Change, all else is API
//! Activity, as Amazon Security Lake maps them.

use ocsf::Class;

/// Class and activity of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) class: Class,
    pub(super) activity_id: u8,
}

const OTHER: u8 = 99;
const CREATE: u8 = 1;
const READ: u8 = 2;
const UPDATE: u8 = 3;
const DELETE: u8 = 4;

/// The class for a call of `source` named `name`.
pub(super) fn choose(source: &str, name: &str, event_type: Option<&str>, read_only: Option<bool>) -> Chosen {
    if event_type == Some("AwsConsoleSignIn") || source == "signin.amazonaws.com" {
        return Chosen { class: Class::Authentication, activity_id: sign_in(name) };
    }
    if source == "sts.amazonaws.com" && opens_session(name) {
        return Chosen { class: Class::Authentication, activity_id: 1 };
    }
    if source == "iam.amazonaws.com"
        && let Some(activity_id) = account_change(name)
    {
        return Chosen { class: Class::AccountChange, activity_id };
    }
    Chosen { class: Class::ApiActivity, activity_id: by_verb(name, read_only) }
}

fn sign_in(name: &str) -> u8 {
    match name {
        "ConsoleLogin" => 1,
        "CheckMfa" => 6,
        "SwitchRole" | "ExitRole" => 7,
        _ => OTHER,
    }
}

fn opens_session(name: &str) -> bool {
    matches!(
        name,
        "AssumeRole"
            | "AssumeRoleWithSAML"
            | "AssumeRoleWithWebIdentity"
            | "AssumeRoot"
            | "GetSessionToken"
            | "GetFederationToken"
    )
}

/// OCSF 3001 activity of an IAM call that changes a user or role; `None` for everything else in IAM.
fn account_change(name: &str) -> Option<u8> {
    Some(match name {
        "CreateUser" | "CreateRole" | "CreateServiceLinkedRole" => 1,
        "ChangePassword" => 3,
        "UpdateLoginProfile" => 4,
        "DeleteUser" | "DeleteRole" | "DeleteServiceLinkedRole" => 6,
        "AttachUserPolicy"
        | "AttachRolePolicy"
        | "PutUserPolicy"
        | "PutRolePolicy"
        | "PutUserPermissionsBoundary"
        | "PutRolePermissionsBoundary"
        | "AddRoleToInstanceProfile" => 7,
        "DetachUserPolicy"
        | "DetachRolePolicy"
        | "DeleteUserPolicy"
        | "DeleteRolePolicy"
        | "DeleteUserPermissionsBoundary"
        | "DeleteRolePermissionsBoundary"
        | "RemoveRoleFromInstanceProfile" => 8,
        "EnableMFADevice" => 10,
        "DeactivateMFADevice" => 11,
        "CreateLoginProfile"
        | "DeleteLoginProfile"
        | "CreateAccessKey"
        | "DeleteAccessKey"
        | "UpdateAccessKey"
        | "UpdateUser"
        | "UpdateRole"
        | "UpdateAssumeRolePolicy" => OTHER,
        _ => return None,
    })
}

/// API Activity by the verb the name starts with; `readOnly` wins where the vendor says it.
fn by_verb(name: &str, read_only: Option<bool>) -> u8 {
    if read_only == Some(true) {
        return READ;
    }
    let starts = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
    if starts(&["Delete", "Remove", "Terminate", "Deregister", "Disassociate", "Revoke"]) {
        DELETE
    } else if starts(&["Create", "Run", "Allocate", "Copy", "Import", "Register", "Upload", "Issue", "Request"]) {
        CREATE
    } else if read_only.is_none()
        && starts(&[
            "Get", "List", "Describe", "Head", "Lookup", "Search", "Select", "Query", "Scan", "BatchGet", "Decrypt",
        ])
    {
        READ
    } else if name.is_empty() {
        OTHER
    } else {
        UPDATE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_their_classes() {
        let iam = "iam.amazonaws.com";
        let s3 = "s3.amazonaws.com";
        let cases = [
            (iam, "CreateUser", None, None, Class::AccountChange, 1),
            (iam, "RemoveRoleFromInstanceProfile", None, None, Class::AccountChange, 8),
            (iam, "ListUsers", None, Some(true), Class::ApiActivity, READ),
            (iam, "CreateGroup", None, Some(false), Class::ApiActivity, CREATE),
            ("sts.amazonaws.com", "AssumeRole", None, Some(true), Class::Authentication, 1),
            ("signin.amazonaws.com", "ConsoleLogin", Some("AwsConsoleSignIn"), None, Class::Authentication, 1),
            (s3, "GetObject", None, Some(true), Class::ApiActivity, READ),
            (s3, "GetObject", None, None, Class::ApiActivity, READ),
            (s3, "PutBucketPolicy", None, Some(false), Class::ApiActivity, UPDATE),
            (s3, "DeleteBucket", None, Some(false), Class::ApiActivity, DELETE),
            ("secretsmanager.amazonaws.com", "GetSecretValue", None, Some(false), Class::ApiActivity, UPDATE),
        ];
        for (source, name, kind, read_only, class, activity_id) in cases {
            assert_eq!(choose(source, name, kind, read_only), Chosen { class, activity_id }, "{name}");
        }
    }
}
