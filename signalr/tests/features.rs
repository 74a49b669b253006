//! What each feature brings into a build, by `cargo tree`.

use std::collections::BTreeSet;
use std::process::Command;

/// The names of all packages that the library is built with, beside itself.
fn packages(features: &str) -> BTreeSet<String> {
    let arguments = ["tree", "--package", "signalr", "--edges", "normal", "--no-default-features", "--prefix", "none"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline", "--format", "{p}", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("text");
    let packages: BTreeSet<String> =
        tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    // Otherwise the answer would mean nothing.
    assert!(packages.contains("signalr") && packages.contains("serde"), "{tree}");
    packages
}

#[test]
fn a_client_needs_no_axum() {
    let packages = packages("client,msgpack");
    assert!(packages.contains("reqwest"));
    assert!(!packages.iter().any(|package| package.starts_with("axum")), "{packages:?}");
}

#[test]
fn a_server_needs_no_http_client() {
    let packages = packages("server,msgpack,metrics");
    assert!(packages.contains("axum"));
    assert!(!packages.contains("reqwest"), "{packages:?}");
}

#[test]
fn without_transports_nothing_opens_sockets() {
    for features in ["", "msgpack", "client-core,msgpack"] {
        let packages = packages(features);
        for package in ["mio", "socket2", "hyper", "reqwest"] {
            assert!(!packages.contains(package), "{features}: {packages:?}");
        }
    }
}

#[test]
fn tls_is_the_applications_choice() {
    for features in ["client", "redis"] {
        let packages = packages(features);
        for package in ["rustls", "aws-lc-rs", "ring", "native-tls", "openssl"] {
            assert!(!packages.contains(package), "{features}: {packages:?}");
        }
    }
}

#[test]
fn tls_for_redis_chooses_no_cryptography() {
    let packages = packages("redis-tls");
    assert!(packages.contains("rustls"));
    for package in ["aws-lc-rs", "ring", "native-tls", "openssl"] {
        assert!(!packages.contains(package), "{packages:?}");
    }
}

#[test]
fn only_the_feature_redis_brings_its_client() {
    assert!(packages("redis").contains("redis"));
    assert!(!packages("server,client,msgpack,metrics,testing").contains("redis"));
}
