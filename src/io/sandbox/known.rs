//! What is known of any machine: the caches of build tools, the places of secrets, and what programs need to run at all.

/// Folders below the home folder that build tools fill and that hold nothing that the user executes by name. Never the folders in which
/// programs are installed.
pub(super) const CACHES: [&str; 18] = [
    ".cache",
    ".cargo/registry",
    ".cargo/git",
    ".cargo/.package-cache",
    ".cargo/.package-cache-mutate",
    ".cargo/.global-cache",
    ".npm",
    ".yarn/berry/cache",
    ".local/share/pnpm/store",
    ".bun/install/cache",
    "go/pkg/mod",
    "go/pkg/sumdb",
    ".m2/repository",
    ".gradle/caches",
    ".gradle/daemon",
    ".gradle/native",
    ".nuget/packages",
    ".ccache",
];

/// Variables that lead to such folders, with what is meant below them.
pub(super) const CACHE_VARIABLES: [(&str, &[&str]); 12] = [
    ("XDG_CACHE_HOME", &[""]),
    ("CARGO_HOME", &["registry", "git", ".package-cache", ".package-cache-mutate", ".global-cache"]),
    ("CARGO_TARGET_DIR", &[""]),
    ("GOCACHE", &[""]),
    ("GOMODCACHE", &[""]),
    ("GOPATH", &["pkg/mod", "pkg/sumdb"]),
    ("GRADLE_USER_HOME", &["caches", "daemon", "native"]),
    ("UV_CACHE_DIR", &[""]),
    ("PIP_CACHE_DIR", &[""]),
    ("CCACHE_DIR", &[""]),
    ("SCCACHE_DIR", &[""]),
    ("npm_config_cache", &[""]),
];

/// Where secrets are, below the home folder.
pub(super) const SECRETS: [&str; 32] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".config/hub",
    ".config/op",
    ".config/sops",
    ".config/age",
    ".config/git/credentials",
    ".git-credentials",
    ".netrc",
    ".docker",
    ".kube",
    ".pypirc",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".password-store",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".vault-token",
    ".terraform.d",
    ".mozilla",
    ".config/google-chrome",
    ".config/chromium",
    // The tools themselves; each sees its own.
    ".claude",
    ".claude.json",
    ".codex",
    ".aider",
    ".config/github-copilot",
    ".gemini",
];

/// Where the sockets of services are that do what they are told, whoever asks.
pub(super) const CONTROL_SOCKETS: [&str; 5] =
    ["/run/docker.sock", "/run/containerd", "/run/podman", "/run/user", "/run/dbus/system_bus_socket"];

/// What programs need to run at all, where reading is restricted.
pub(super) const SYSTEM: [&str; 34] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix",
    "/proc",
    "/sys",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/gitconfig",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/locale.alias",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/terminfo",
];

/// What of the home folder holds no secrets and is read by nearly everything.
pub(super) const HOME_READS: [&str; 8] = [
    ".gitconfig",
    ".config/git/config",
    ".config/git/ignore",
    ".config/git/attributes",
    ".cargo/bin",
    ".cargo/config.toml",
    ".rustup",
    ".local/lib",
];
