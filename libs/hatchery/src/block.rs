//! The block of a container: what it says, what of that cannot be, and its digest.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    access::Rule,
    container::{Container, PROXY, PullPolicy},
    friends,
    identity::Identity,
    quantity::{Cpu, Memory},
    reader::{Found, Object},
};

/// Keys of a container that change nothing here, and why.
const UNHEEDED: [(&str, &str); 2] =
    [("nextflow", "Nextflow on AWS Batch is not offered"), ("license", "pools of licences are not offered")];
/// Variables that the commons sets.
const OURS: [&str; 4] = ["API_KEY", "API_KEY_ID", "GEN3_ENDPOINT", "WORKSPACE_FLAVOR"];

/// What a block says. A key that it does not have differs from an empty one in the digest.
struct Block<'v> {
    name: String,
    image: String,
    policy: String,
    cpu: Option<Cpu>,
    memory: Option<Memory>,
    gpu: bool,
    env: Option<BTreeMap<String, String>>,
    port: u32,
    args: Option<Vec<String>>,
    command: Option<Vec<String>>,
    rewrite: Option<String>,
    tls_text: &'v str,
    tls: bool,
    ready: Option<String>,
    pre_stop: Option<Vec<String>>,
    post_start: Option<Vec<String>>,
    uid: u32,
    gid: u32,
    fs_gid: u32,
    user_volume: Option<String>,
    gen3_volume: Option<String>,
    shared_text: &'v str,
    shared_memory: bool,
    friends: Option<&'v [Value]>,
    authz: Option<&'v Value>,
    nextflow: Option<&'v Value>,
    licence: Option<&'v Value>,
}

/// The container of a block, and what is wrong with it in `found`.
pub(crate) fn container(value: &Value, place: &str, found: &mut Found) -> Option<Container> {
    let mut object = Object::of(value, place, found)?;
    let block = Block::read(&mut object, found);
    block.check(&object, found);
    let rule = block.authz.and_then(|value| Rule::read(value, &object.at("authz"), found));
    object.finish(&[], found);
    block.container(rule)
}

impl<'v> Block<'v> {
    fn read(object: &mut Object<'v>, found: &mut Found) -> Self {
        Self {
            name: object.text("name", found).unwrap_or_default(),
            image: object.text("image", found).unwrap_or_default(),
            policy: object.text("pull_policy", found).unwrap_or_default(),
            cpu: object.cpu("cpu-limit", found),
            memory: object.memory("memory-limit", found),
            gpu: object.flag("gpu", found),
            env: object.variables("env", found),
            port: object.number("target-port", found),
            args: object.texts("args", found),
            command: object.texts("command", found),
            rewrite: object.text("path-rewrite", found),
            tls_text: object.take("use-tls").and_then(Value::as_str).unwrap_or_default(),
            tls: object.word("use-tls", found),
            ready: object.text("ready-probe", found),
            pre_stop: object.texts("lifecycle-pre-stop", found),
            post_start: object.texts("lifecycle-post-start", found),
            uid: object.number("user-uid", found),
            gid: object.number("group-uid", found),
            fs_gid: object.number("fs-gid", found),
            user_volume: object.text("user-volume-location", found),
            gen3_volume: object.text("gen3-volume-location", found),
            shared_text: object.take("use-shared-memory").and_then(Value::as_str).unwrap_or_default(),
            shared_memory: object.word("use-shared-memory", found),
            friends: object.take("friends").and_then(Value::as_array).map(Vec::as_slice),
            authz: object.take("authz"),
            nextflow: object.take("nextflow"),
            licence: object.take("license"),
        }
    }

    fn check(&self, object: &Object<'_>, found: &mut Found) {
        if self.name.is_empty() {
            found.refuse(&object.at("name"), "missing; it is what users choose by");
        }
        if self.image.is_empty() {
            found.refuse(&object.at("image"), "missing; a container without an image cannot be launched");
        }
        for (is_missing, key) in [(self.cpu.is_none(), "cpu-limit"), (self.memory.is_none(), "memory-limit")]
        {
            if is_missing && !found.problems.iter().any(|problem| problem.place == object.at(key)) {
                let text = "missing; without it one workspace could take the whole machine";
                found.refuse(&object.at(key), text);
            }
        }
        if !(1..=65_535).contains(&self.port) {
            let text = "must be the port on which the program answers, 1 to 65535";
            found.refuse(&object.at("target-port"), text);
        }
        self.check_paths(object, found);
        for (at, friend) in self.friends.iter().copied().flatten().enumerate() {
            friends::check(friend, &format!("{}[{at}]", object.at("friends")), found);
        }
        for name in self.env.iter().flatten().map(|(name, _)| name) {
            if OURS.contains(&name.as_str()) {
                found.remark(&object.at("env"), format!("{name} is set by the commons, whose value counts"));
            }
        }
        for ((key, reason), block) in UNHEEDED.into_iter().zip([self.nextflow, self.licence]) {
            if block.is_some_and(|value| value["enabled"] == true) {
                found.remark(&object.at(key), reason);
            }
        }
    }

    fn check_paths(&self, object: &Object<'_>, found: &mut Found) {
        let (user, gen3) = (&self.user_volume, &self.gen3_volume);
        for (location, key) in [(user, "user-volume-location"), (gen3, "gen3-volume-location")] {
            if location.as_ref().is_some_and(|path| !path.is_empty() && !is_folder(path)) {
                found.refuse(&object.at(key), "must be a path in the container such as /home/jovyan/pd");
            }
        }
        if user.is_some() && user == gen3 && user.as_deref() != Some("") {
            let text = "is that of the user's storage; name another folder";
            found.refuse(&object.at("gen3-volume-location"), text);
        }
        for (key, path) in [("path-rewrite", &self.rewrite), ("ready-probe", &self.ready)] {
            if path.as_ref().is_some_and(|path| !path.is_empty() && !path.starts_with('/')) {
                found.refuse(&object.at(key), "must begin with a slash");
            }
        }
    }

    fn digest(&self) -> String {
        let mut identity = Identity::default();
        identity.text("name", &self.name).flag("gpu", self.gpu);
        identity.text("cpu-limit", self.cpu.as_ref().map_or("", |cpu| &cpu.text));
        identity.text("memory-limit", self.memory.as_ref().map_or("", |memory| &memory.text));
        identity.text("image", &self.image).text("pull_policy", &self.policy);
        identity.variables("env", self.env.as_ref());
        identity.number("target-port", self.port).texts("args", self.args.as_deref());
        identity.texts("command", self.command.as_deref());
        identity.text("path-rewrite", self.rewrite.as_deref().unwrap_or(""));
        identity.text("use-tls", self.tls_text).text("ready-probe", self.ready.as_deref().unwrap_or(""));
        identity.texts("lifecycle-pre-stop", self.pre_stop.as_deref());
        identity.texts("lifecycle-post-start", self.post_start.as_deref());
        identity.number("user-uid", self.uid).number("group-uid", self.gid).number("fs-gid", self.fs_gid);
        identity.text("user-volume-location", self.user_volume.as_deref().unwrap_or(""));
        identity.text("gen3-volume-location", self.gen3_volume.as_deref().unwrap_or(""));
        identity.text("use-shared-memory", self.shared_text).friends(self.friends);
        identity.nextflow(self.nextflow).licence(self.licence).authz(self.authz);
        identity.digest()
    }

    fn container(self, rule: Option<Rule>) -> Option<Container> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Some(Container {
            id: self.digest(),
            name: self.name,
            image: self.image,
            pull_policy: match self.policy.as_str() {
                "Always" => PullPolicy::Always,
                "Never" => PullPolicy::Never,
                _ => PullPolicy::IfNotPresent,
            },
            cpu: self.cpu?,
            memory: self.memory?,
            gpu: self.gpu,
            env: self.env.unwrap_or_default(),
            port: u16::try_from(self.port).ok()?,
            command: self.command.unwrap_or_default(),
            args: self.args.unwrap_or_default(),
            path_rewrite: filled(self.rewrite).unwrap_or_else(|| PROXY.to_owned()),
            tls: self.tls,
            ready_probe: filled(self.ready).unwrap_or_else(|| PROXY.to_owned()),
            pre_stop: self.pre_stop.unwrap_or_default(),
            post_start: self.post_start.unwrap_or_default(),
            uid: self.uid,
            gid: self.gid,
            fs_gid: self.fs_gid,
            user_volume: filled(self.user_volume),
            gen3_volume: filled(self.gen3_volume),
            shared_memory: self.shared_memory,
            friends: self.friends.map(<[Value]>::to_vec).unwrap_or_default(),
            rule,
        })
    }
}

/// A path in a container that is no part of what it is made of.
fn is_folder(path: &str) -> bool {
    let is_whole = path.starts_with('/') && !path.split('/').any(|part| matches!(part, "." | ".."));
    let trimmed = path.trim_end_matches('/');
    is_whole && !trimmed.is_empty() && !["/proc", "/sys", "/dev", "/etc"].contains(&trimmed)
}
