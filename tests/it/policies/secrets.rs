//! Secrets: made-up ones of many kinds are found, what only looks like one is not. They are put together here, so that no scanner trips over
//! this file.

use std::collections::BTreeSet;
use std::sync::Arc;

use git_orc::domain::policy::governance::change::Block;
use git_orc::domain::policy::governance::secrets::rules::SecretRules;
use git_orc::domain::policy::governance::secrets::scan::{Find, Text, scan};
use ignore::WalkBuilder;

use super::root;

/// Rules, and lines that they find something in. `|` is nothing; `{a36}` stands for 36 letters and digits that look random, `h` for
/// hexadecimal digits, `d` for digits, `u` for capitals and the digits 2 to 7, `l` for letters, `z` for small letters and digits.
const FAKES: &[(&str, &str)] = &[
    ("1password-service-account-token", "ops|_ey|J{a252}"),
    ("age-secret-key", "AGE-SECRET-|KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE"),
    ("alibaba-access-key-id", "LT|AI{z20}"),
    ("anthropic-api-key", "sk-ant-|api03-{a93}AA"),
    ("aws-access-token", "AK|IA{u16}"),
    ("clojars-api-token", "CLOJ|ARS_{z60}"),
    ("databricks-api-token", "da|pi{h32}"),
    ("digitalocean-access-token", "doo|_v1_{h64}"),
    ("digitalocean-pat", "dop|_v1_{h64}"),
    ("discord-api-token", "discord_token = \"{h64}\""),
    ("doppler-api-token", "dp|.pt.{a43}"),
    ("duffel-api-token", "duf|fel_live_{a43}"),
    ("dynatrace-api-token", "dt0|c01.{z24}.{z64}"),
    ("easypost-api-token", "EZ|AK{a54}"),
    ("flyio-access-token", "fo1|_{a43}"),
    ("gcp-api-key", "AI|za{a35}"),
    ("generic-api-key", "api_|key = \"{a32}\""),
    ("github-app-token", "gh|s_{a36}"),
    ("github-fine-grained-pat", "github|_pat_{a82}"),
    ("github-oauth", "gh|o_{a36}"),
    ("github-pat", "gh|p_{a36}"),
    ("github-refresh-token", "gh|r_{a36}"),
    ("gitlab-deploy-token", "gl|dt-{a20}"),
    ("gitlab-pat", "gl|pat-{a20}"),
    ("gitlab-ptt", "gl|ptt-{h40}"),
    ("gitlab-runner-authentication-token", "gl|rt-{a20}"),
    ("grafana-service-account-token", "gl|sa_{a32}_{h8}"),
    ("hashicorp-tf-api-token", "{a14}.atlas|v1.{a64}"),
    ("huggingface-access-token", "h|f_{l34}"),
    ("jwt", "ey|J{a30}.ey|J{a40}.{a40}"),
    ("linear-api-key", "lin_|api_{a40}"),
    ("new-relic-user-api-key", "new_relic_key = \"NR|AK-{z27}\""),
    ("npm-access-token", "np|m_{z36}"),
    ("openai-api-key", "sk-|{a20}T3Blb|kFJ{a20}"),
    ("perplexity-api-key", "pp|lx-{a48}"),
    ("postman-api-token", "PM|AK-{h24}-{h34}"),
    ("prefect-api-token", "pn|u_{z36}"),
    ("private-key", "-----BEGIN RSA PRI|VATE KEY-----\n{a64}\n{a64}\n-----END RSA PRI|VATE KEY-----"),
    ("pulumi-api-token", "pu|l-{h40}"),
    ("pypi-upload-token", "py|pi-AgEIcHlwaS5vcmc{a70}"),
    ("readme-api-token", "rd|me_{z70}"),
    ("rubygems-api-token", "ruby|gems_{h48}"),
    ("sendgrid-api-token", "S|G.{a66}"),
    ("sentry-user-token", "sntry|u_{h64}"),
    ("shippo-api-token", "ship|po_live_{h40}"),
    ("shopify-access-token", "sh|pat_{h32}"),
    ("slack-bot-token", "xo|xb-{d12}-{d12}-{a24}"),
    ("slack-webhook-url", "https://hooks.|slack.com/services/T{u8}/B{u10}/{a24}"),
    ("stripe-access-token", "sk|_live_{a30}"),
    ("twilio-api-key", "S|K{h32}"),
    ("vault-service-token", "hv|s.{a95}"),
];

/// Puts a line together; the same every time, and another for every rule.
fn made_up(rule: &str, template: &str) -> String {
    let mut state = rule.bytes().fold(7_u64, |state, byte| state.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut next = |alphabet: &[u8]| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()])
    };
    let mut out = String::new();
    let template = template.replace('|', "");
    let mut rest = template.as_str();
    while let Some((before, behind)) = rest.split_once('{') {
        let (what, after) = behind.split_once('}').unwrap();
        out.push_str(before);
        let alphabet: &[u8] = match &what[..1] {
            "a" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "h" => b"0123456789abcdef",
            "d" => b"0123456789",
            "u" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "l" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "z" => b"abcdefghijklmnopqrstuvwxyz0123456789",
            other => panic!("{other}"),
        };
        out.extend((0..what[1..].parse::<usize>().unwrap()).map(|_| next(alphabet)));
        rest = after;
    }
    out + rest
}

/// Returns a file with a made-up secret of every rule, by rule.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let file = |secret: &str| {
        let line = if secret.contains(['=', '\n']) { format!("{secret}\n") } else { format!("value = \"{secret}\"\n") };
        format!("# settings\n{line}")
    };
    FAKES.iter().map(|(rule, template)| (*rule, file(&made_up(rule, template)))).collect()
}

/// Returns what only looks like the secret of a rule: it is read from elsewhere, or is plainly a placeholder.
pub(crate) fn harmless(rule: &str) -> String {
    let name = rule.replace('-', "_");
    format!("# settings of {rule}\nvalue = os.environ[\"{}\"]\n{name} = \"<your {rule} here>\"\n{name}_key = None\n", name.to_uppercase())
}

fn finds(rules: &SecretRules, path: &str, text: &[u8]) -> Vec<Find> {
    let blocks = [Block { first: 1, text: text.to_vec() }];
    scan(rules.rules().unwrap(), Text { path: path.as_bytes(), blocks: &blocks })
}

#[test]
fn made_up_secrets_of_many_kinds_are_found_by_the_rule_that_is_for_them() {
    let rules = Arc::new(SecretRules::default());
    let mut wrong = Vec::new();
    for (rule, text) in all() {
        let found = finds(&rules, "src/settings.py", text.as_bytes());
        if !found.iter().any(|find| find.rule == rule && find.line == Some(2)) {
            wrong.push(format!("{rule}: {found:?}"));
        }
        assert!(!format!("{found:?}").contains(text.lines().nth(1).unwrap().trim_start_matches("value = ").trim_matches('"')), "{rule}");
        let found = finds(&rules, "src/settings.py", harmless(rule).as_bytes());
        if !found.is_empty() {
            wrong.push(format!("{rule}, harmless: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let kinds: BTreeSet<&str> = FAKES.iter().map(|(rule, _)| *rule).collect();
    assert!(FAKES.len() >= 40 && kinds.len() == FAKES.len());
}

#[test]
fn nothing_of_the_sources_of_this_project_is_taken_for_a_secret() {
    let rules = SecretRules::default();
    let (mut files, mut wrong) = (0, Vec::new());
    for entry in WalkBuilder::new(root()).hidden(false).filter_entry(|e| e.file_name() != ".git").build() {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root()).unwrap().to_str().unwrap();
        // Fixtures hold what programs said, among it what they say of secrets; the rules hold examples.
        let is_source = !path.starts_with("fixtures/") && path != "config/secrets.toml";
        if entry.file_type().is_some_and(|kind| kind.is_file()) && is_source {
            files += 1;
            wrong.extend(finds(&rules, path, &std::fs::read(entry.path()).unwrap()).into_iter().map(|find| format!("{path}: {find:?}")));
        }
    }
    assert!(files > 400, "{files}");
    assert!(wrong.is_empty(), "{} of {files} files:\n{}", wrong.len(), wrong.join("\n"));
}
