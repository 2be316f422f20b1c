//! The index against a plain reading of the rules, on random grants, and after users have changed.

use std::collections::{BTreeMap, BTreeSet};

use decisions::{
    Asked, Clients, Deactivated, Decision, Ended, Group, Groups, Held, Index, Parts, Resource, Structure,
    Target, Unsure, Until, User, Users, Who,
};
use proptest::{collection::vec, prelude::*, sample::select};

const NOW: i64 = 1_000;
/// When the tokens of users ended who were deactivated.
const ISSUED: i64 = 50;
const POLICIES: i32 = 8;
const GROUPS: &[&str] = &["anonymous", "logged-in", "g", "h"];
const NAMES: &[&str] = &["ada", "Ada", "Bob", "eve"];

#[derive(Debug, Clone)]
struct World {
    paths: BTreeSet<String>,
    roles: Vec<Vec<(&'static str, &'static str)>>,
    policy_roles: BTreeSet<(i32, i32)>,
    policy_resources: BTreeSet<(i32, usize)>,
    grants: BTreeMap<(i32, i32), Until>,
    members: BTreeMap<(i32, i32), Until>,
    group_policies: BTreeSet<(i32, i32)>,
    client_policies: BTreeSet<i32>,
    /// Names in lower case, and whether these users still are deactivated.
    deactivated: BTreeMap<&'static str, bool>,
}

fn until() -> impl Strategy<Value = Until> {
    select(&[Until::EVER, Until(NOW + 1), Until(NOW), Until(NOW - 1)][..])
}

fn path() -> impl Strategy<Value = String> {
    vec(select(&["a", "b", "ab"][..]), 1..5).prop_map(|labels| labels.join("."))
}

fn permission() -> impl Strategy<Value = (&'static str, &'static str)> {
    (select(&["s", "t", "*"][..]), select(&["m", "n", "*"][..]))
}

fn links(to: i32, most: usize) -> impl Strategy<Value = Vec<(i32, i32)>> {
    vec((0..POLICIES, 0..to), 0..most)
}

fn world() -> impl Strategy<Value = World> {
    let structure = (
        proptest::collection::btree_set(path(), 1..12),
        vec(vec(permission(), 0..4), 3),
        links(3, 12),
        vec((0..POLICIES, any::<prop::sample::Index>()), 0..14),
    );
    let people = (
        vec(((0..NAMES.len() as i32, 0..POLICIES), until()), 0..10),
        vec(((0..NAMES.len() as i32, 0..GROUPS.len() as i32), until()), 0..6),
        vec((0..GROUPS.len() as i32, 0..POLICIES), 0..6),
        proptest::collection::btree_set(0..POLICIES, 0..4),
        proptest::collection::btree_map(select(&["ada", "bob", "stranger"][..]), any::<bool>(), 0..3),
    );
    (structure, people).prop_map(|((paths, roles, policy_roles, named), people)| World {
        policy_resources: named.iter().map(|(policy, place)| (*policy, place.index(paths.len()))).collect(),
        paths,
        roles,
        policy_roles: policy_roles.into_iter().collect(),
        grants: people.0.into_iter().collect(),
        members: people.1.into_iter().collect(),
        group_policies: people.2.into_iter().collect(),
        client_policies: people.3,
        deactivated: people.4,
    })
}

impl World {
    fn user(&self, id: i32) -> User {
        let of = |links: &BTreeMap<(i32, i32), Until>| {
            let mine = links.iter().filter(|((user, _), _)| *user == id);
            Held::new(mine.map(|((_, held), until)| (*held, *until)))
        };
        let name = NAMES[id as usize].to_owned();
        User { id, lower: name.to_lowercase(), name, policies: of(&self.grants), groups: of(&self.members) }
    }

    fn index(&self) -> Index {
        let mut permissions: Vec<_> = self.roles.iter().flatten().copied().collect();
        permissions.sort_unstable();
        permissions.dedup();
        let own = |(service, method): (&str, &str)| (service.to_owned(), method.to_owned());
        let numbered = (0..).zip(&self.roles);
        let parts = Parts {
            resources: (0..)
                .zip(&self.paths)
                .map(|(id, path)| Resource { id, path: path.clone(), tag: format!("#{path}") })
                .collect(),
            permissions: permissions.into_iter().map(own).collect(),
            role_permissions: numbered
                .flat_map(|(role, all)| all.iter().map(move |(s, m)| (role, (*s).into(), (*m).into())))
                .collect(),
            policies: (0..POLICIES).map(|id| (id, format!("p{id}"))).collect(),
            policy_roles: self.policy_roles.iter().copied().collect(),
            policy_resources: self.policy_resources.iter().map(|(id, at)| (*id, *at as i32)).collect(),
        };
        let groups = (0..).zip(GROUPS).map(|(id, name)| Group {
            id,
            name: (*name).into(),
            policies: self.policies_of_group(id).collect(),
        });
        Index {
            structure: Structure::new(parts).into(),
            users: Users::new((0..NAMES.len() as i32).map(|id| self.user(id))),
            groups: Groups::new(groups).into(),
            clients: Clients::new([("c".to_owned(), self.client_policies.iter().copied().collect())]).into(),
            deactivated: self.deactivated().into(),
            plain_case: true,
        }
    }

    fn deactivated(&self) -> Deactivated {
        let ended = |still| Ended { tokens_before: ISSUED, still };
        Deactivated::new(self.deactivated.iter().map(|(name, still)| ((*name).to_owned(), ended(*still))))
    }

    fn is_deactivated(&self, who: &Who<'_>) -> bool {
        who.user.is_some_and(|name| self.deactivated.get(&*name.to_lowercase()) == Some(&true))
    }

    fn policies_of_group(&self, id: i32) -> impl Iterator<Item = i32> {
        self.group_policies.iter().filter(move |(group, _)| *group == id).map(|(_, policy)| *policy)
    }

    fn of_user(&self, who: &Who<'_>) -> BTreeSet<i32> {
        let mut counted = BTreeSet::new();
        let out = self.is_deactivated(who);
        let same =
            |id: i32| !out && who.user.is_some_and(|name| NAMES[id as usize].eq_ignore_ascii_case(name));
        for ((id, policy), until) in &self.grants {
            counted.extend(Some(*policy).filter(|_| same(*id) && NOW < until.0));
        }
        for ((id, group), until) in &self.members {
            if same(*id) && NOW < until.0 {
                counted.extend(self.policies_of_group(*group));
            }
        }
        for public in if out { who.groups_of_all } else { who.public_groups } {
            let id = GROUPS.iter().position(|name| name == public).expect("a group");
            counted.extend(self.policies_of_group(id as i32));
        }
        counted
    }

    fn of_client(&self, who: &Who<'_>) -> BTreeSet<i32> {
        if who.client == Some("c") { self.client_policies.clone() } else { BTreeSet::new() }
    }

    fn permits(&self, policies: &BTreeSet<i32>, asked: &Asked<'_>) -> bool {
        let path = match asked.target {
            Target::Path(path) => path,
            Target::Tag(tag) => match self.paths.get(tag.trim_start_matches('#')) {
                Some(path) => path,
                None => return false,
            },
        };
        let covers = |above: &str| path == above || path.starts_with(&format!("{above}."));
        let fits = |stored: &str, asked: &str| stored == "*" || stored == asked;
        policies.iter().any(|policy| {
            let mut named = self.policy_resources.iter().filter(|(id, _)| id == policy);
            let mut roles = self.policy_roles.iter().filter(|(id, _)| id == policy);
            named.any(|(_, at)| covers(self.paths.iter().nth(*at).expect("a path")))
                && roles.any(|(_, role)| {
                    let mut all = self.roles[*role as usize].iter();
                    all.any(|(s, m)| fits(s, asked.service) && fits(m, asked.method))
                })
        })
    }

    fn decide(&self, who: &Who<'_>, asked: &[Asked<'_>], only: Option<&[String]>) -> bool {
        let named = |policy: &i32| only.is_none_or(|only| only.contains(&format!("p{policy}")));
        let user: BTreeSet<i32> = self.of_user(who).into_iter().filter(named).collect();
        let client = self.of_client(who);
        let limited: BTreeSet<i32> = client.iter().copied().filter(named).collect();
        asked.iter().all(|asked| {
            let client = if matches!(asked.target, Target::Tag(_)) { &limited } else { &client };
            let user_fine = (who.user.is_none() && who.client.is_some()) || self.permits(&user, asked);
            user_fine && (who.client.is_none() || self.permits(client, asked))
        })
    }
}

fn check(world: &World, index: &Index, questions: &[(String, bool, (&str, &str))], only: Option<&[String]>) {
    let users = [None, Some("ada"), Some("ADA"), Some("bob"), Some("stranger")];
    let clients = [None, Some("c"), Some("unknown")];
    for (user, client) in users.iter().flat_map(|user| clients.iter().map(move |client| (*user, *client))) {
        let public_groups: &[&str] = match (user, client) {
            (Some(_), _) => &["anonymous", "logged-in"],
            (None, None) => &["anonymous"],
            (None, Some(_)) => &[],
        };
        let who = Who { user, client, public_groups, groups_of_all: &["anonymous"] };
        for (name, issued) in user.iter().flat_map(|name| [(name, ISSUED - 1), (name, ISSUED)]) {
            let ended = world.deactivated.get(&*name.to_lowercase());
            let expected = ended.is_some_and(|still| *still || issued < ISSUED);
            assert_eq!(index.has_ended(name, issued), Ok(expected), "{name} {issued}");
        }
        let tags: Vec<String> = questions.iter().map(|(path, ..)| format!("#{path}")).collect();
        let asked: Vec<Asked<'_>> = questions
            .iter()
            .zip(&tags)
            .map(|((path, by_tag, (service, method)), tag)| {
                let target = if *by_tag { Target::Tag(tag) } else { Target::Path(path) };
                Asked { target, service, method }
            })
            .collect();
        for asked in asked.iter().map(std::slice::from_ref).chain([&asked[..]]) {
            let decided = index.decide(who, asked, only, NOW).expect("names are plain");
            assert_eq!(decided != Decision::Denied, world.decide(&who, asked, only), "{who:?} {asked:?}");
            assert!(!matches!(decided, Decision::Permitted(until) if until.0 <= NOW));
        }
        let reach = index.reach(who, only, NOW).expect("names are plain");
        assert!(reach.runs.windows(2).all(|two| two[0].end <= two[1].first));
        let mut counted = world.of_user(&who);
        counted.extend(world.of_client(&who));
        counted.retain(|policy| only.is_none_or(|only| only.contains(&format!("p{policy}"))));
        let mut expected = BTreeMap::new();
        for (policy, at) in &world.policy_resources {
            let above = world.paths.iter().nth(*at).expect("a path");
            for path in world.paths.iter().filter(|_| counted.contains(policy)) {
                if path == above || path.starts_with(&format!("{above}.")) {
                    let of: &mut BTreeSet<_> = expected.entry(path.clone()).or_default();
                    let roles = world.policy_roles.iter().filter(|(id, _)| id == policy);
                    of.extend(roles.flat_map(|(_, role)| &world.roles[*role as usize]).copied());
                }
            }
        }
        let mut found = BTreeMap::new();
        for run in &reach.runs {
            for node in run.first..run.end {
                let pairs: BTreeSet<_> = index.structure.pairs(&reach.sets[run.set]).collect();
                assert!(found.insert(index.structure.path(node).to_owned(), pairs).is_none());
            }
        }
        assert_eq!(found, expected, "{who:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_decides_and_maps_as_the_rules_say(
        world in world(),
        later in world(),
        questions in vec((path(), any::<bool>(), permission()), 1..6),
        only in proptest::option::of(vec((0..POLICIES).prop_map(|id| format!("p{id}")), 0..4)),
    ) {
        let index = world.index();
        check(&world, &index, &questions, only.as_deref());
        // Users change, one after the other; then one of them goes.
        let (grants, members) = (later.grants.clone(), later.members.clone());
        let deactivated = later.deactivated.clone();
        let mut changed = World { grants, members, deactivated, ..world.clone() };
        let mut users = index.users.clone();
        for id in 0..NAMES.len() as i32 {
            users = users.with(id, Some(changed.user(id)));
        }
        users = users.with(2, None);
        changed.grants.retain(|(user, _), _| *user != 2);
        changed.members.retain(|(user, _), _| *user != 2);
        let after = Index { users, deactivated: changed.deactivated().into(), ..index.clone() };
        prop_assert_eq!(after.users.len(), NAMES.len() - 1);
        check(&changed, &after, &questions, only.as_deref());
        // Whoever still has the old one sees it as it was.
        check(&world, &index, &questions, only.as_deref());
    }
}

#[test]
fn what_only_the_database_can_say_is_left_to_it() {
    let held = Held::new([(0, Until::EVER)]);
    let jose = |id, name: &str| User {
        id,
        name: name.into(),
        lower: "josé".into(),
        policies: held.clone(),
        groups: Held::default(),
    };
    let parts = Parts {
        resources: vec![Resource { id: 1, path: "a".into(), tag: "t".into() }],
        permissions: vec![("s".into(), "m".into())],
        role_permissions: vec![(1, "s".into(), "m".into())],
        policies: vec![(0, "p".into())],
        policy_roles: vec![(0, 1)],
        policy_resources: vec![(0, 1)],
    };
    let mut index = Index {
        structure: Structure::new(parts).into(),
        users: Users::new([jose(1, "José")]),
        groups: Groups::default().into(),
        clients: Clients::default().into(),
        deactivated: Deactivated::default().into(),
        plain_case: false,
    };
    let ask = |index: &Index, user, path, service| {
        let asked = Asked { target: Target::Path(path), service, method: "m" };
        let who = Who { user: Some(user), ..Who::default() };
        index.decide(who, &[asked], None, NOW).map(|decision| decision != Decision::Denied).ok()
    };
    assert_eq!(ask(&index, "José", "a.b", "s"), Some(true));
    assert_eq!(ask(&index, "JOSÉ", "a.b", "s"), None);
    assert_eq!(ask(&index, "ADA", "a.b", "s"), None);
    assert_eq!(ask(&index, "ada", "a.b", "s"), Some(false));
    assert_eq!(ask(&index, "ada\0", "a.b", "s"), None);
    assert_eq!(ask(&index, "ada", "a.b", "s\0"), None);
    index.users = index.users.with(1, Some(jose(1, "JOSÉ"))).with(2, Some(jose(2, "josé")));
    assert_eq!(ask(&index, "JOSÉ", "a", "s"), Some(true));
    assert_eq!(ask(&index, "José", "a", "s"), None);
    index.users = index.users.with(1, None).with(2, None);
    assert_eq!(ask(&index, "JOSÉ", "a", "s"), None);
    assert_eq!(index.has_ended("JOSÉ", 0), Ok(false), "nobody was ever deactivated");
    let ended = Ended { tokens_before: 0, still: true };
    index.deactivated = Deactivated::new([("josé".to_owned(), ended)]).into();
    assert_eq!((index.has_ended("josé", 9), index.has_ended("JOSÉ", 9)), (Err(Unsure), Err(Unsure)));
}
