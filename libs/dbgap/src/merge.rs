//! Adding access to a user.yaml.

use std::collections::{BTreeSet, HashMap};

use useryaml::{Authz, Project, Resource, User, UserYaml};

use crate::{
    access::{Access, METHODS, Person},
    consents,
};

impl Access {
    /// Adds everything to `file`: people whom it does not have, their access, and the resources of it. Names
    /// are compared without regard to letter case.
    pub fn merge(mut self, file: &mut UserYaml) {
        let mut names: HashMap<String, String> =
            file.users.keys().map(|name| (name.to_lowercase(), name.clone())).collect();
        for (lower, person) in std::mem::take(&mut self.people) {
            let name = names.entry(lower).or_insert_with(|| person.login.clone());
            let projects = self.projects_of(&person.projects, &mut file.authz);
            let user = file.users.entry(name.clone()).or_default();
            describe(user, person);
            add(user, projects);
        }
        if self.consents {
            self.add_all_consents(file);
        }
    }

    /// Who has the consent to everything of a study has every known consent of it, in whatever file.
    fn add_all_consents(&mut self, file: &mut UserYaml) {
        let named = self.paths.keys().chain(file.authz.user_project_to_resource.keys());
        let known = consents::by_study(named.map(String::as_str), &self.children);
        let mut users = std::mem::take(&mut file.users);
        for user in users.values_mut() {
            let all = user.projects.iter().filter_map(|project| consents::split(&project.auth_id));
            let all = all.filter(|(_, consent)| *consent == consents::ALL);
            let wanted: BTreeSet<String> =
                all.filter_map(|(study, _)| known.get(study)).flatten().cloned().collect();
            let projects = self.projects_of(&wanted, &mut file.authz);
            add(user, projects);
        }
        file.users = users;
    }

    /// The entries of a user for these projects; a project with several resources has an entry for each.
    fn projects_of(&self, projects: &BTreeSet<String>, authz: &mut Authz) -> Vec<Project> {
        let mut entries = Vec::new();
        for auth_id in projects {
            let entry = |resource| Project {
                auth_id: auth_id.clone(),
                privilege: METHODS.map(str::to_owned).into(),
                resource,
            };
            if authz.user_project_to_resource.contains_key(auth_id) {
                entries.push(entry(None));
                continue;
            }
            let default = format!("/programs/{auth_id}");
            let paths = self.paths.get(auth_id).map(|paths| paths.iter().cloned().collect());
            for path in paths.unwrap_or_else(|| vec![default]) {
                add_resource(&mut authz.resources, &path);
                entries.push(entry(Some(path)));
            }
        }
        entries
    }
}

/// Fills in what the user.yaml does not say.
fn describe(user: &mut User, person: Person) {
    let fill = |known: &mut Option<String>, found: String| {
        if known.is_none() && !found.is_empty() {
            *known = Some(found);
        }
    };
    fill(&mut user.email, person.email);
    fill(&mut user.display_name, person.display_name);
    fill(&mut user.phone_number, person.phone_number);
    if user.tags.is_empty() {
        user.tags = person.tags;
    }
}

/// Adds access; methods of a project that the user has already are joined.
fn add(user: &mut User, projects: Vec<Project>) {
    for project in projects {
        let same = |known: &&mut Project| {
            known.auth_id == project.auth_id
                && (known.resource == project.resource || project.resource.is_none())
        };
        match user.projects.iter_mut().find(same) {
            Some(known) => {
                let missing =
                    project.privilege.into_iter().filter(|method| !known.privilege.contains(method));
                let missing: Vec<String> = missing.collect();
                known.privilege.extend(missing);
            }
            None => user.projects.push(project),
        }
    }
}

fn add_resource(resources: &mut Vec<Resource>, path: &str) {
    let path = path.trim_start_matches('/');
    let (name, below) = path.split_once('/').unwrap_or((path, ""));
    if name.is_empty() {
        return;
    }
    let at = resources.iter().position(|known| known.name == name).unwrap_or_else(|| {
        resources.push(Resource { name: name.to_owned(), ..Resource::default() });
        resources.len() - 1
    });
    add_resource(&mut resources[at].subresources, below);
}
