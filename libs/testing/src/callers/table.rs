//! The table as text, and the rules that hold for each of its lines whatever stands in it.

use std::fmt::Write as _;

use super::Caller;

/// How many kinds of callers there are.
const CALLERS: usize = Caller::ALL.len();

/// Whom a line is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, with a token or without.
    Everybody,
    /// Whoever is logged in or has a right.
    Guarded,
    /// Whoever has another proof than a token of a user, such as a login or a session of fence's own.
    OtherProof,
    /// Whoever reaches it: only services do.
    Neighbours,
}

/// What one request is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// `GET`, and so on; `*` for every method.
    pub method: String,
    /// The path with its parameters.
    pub path: String,
    /// What tells the request from others to the same path.
    pub note: &'static str,
    /// Whom it is meant for.
    pub access: Access,
    /// Refused callers who are known to get more than nobody here.
    pub believed: Vec<Caller>,
    /// Whether even a caller with every right is told that it is not implemented, as by the original.
    pub is_unimplemented: bool,
    /// In the order of [`Caller::ALL`].
    pub statuses: [u16; CALLERS],
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403)
}

impl Line {
    fn status(&self, caller: Caller) -> u16 {
        self.statuses[caller.index()]
    }

    /// Method, path and note.
    pub fn name(&self) -> String {
        let Self { method, path, note, .. } = self;
        if note.is_empty() { format!("{method} {path}") } else { format!("{method} {path} ({note})") }
    }

    /// Whether a refused caller gets more than nobody does: success, or an answer about the request where
    /// nobody hears of the missing login alone.
    pub fn gives_more(&self, caller: Caller) -> bool {
        let (status, nobody) = (self.status(caller), self.status(Caller::Nobody));
        let is_less = is_success(nobody) && (400..500).contains(&status);
        caller.is_refused() && status != nobody && !is_refusal(status) && !is_less
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let nobody = self.status(Caller::Nobody);
        match self.access {
            Access::Everybody if !is_success(nobody) => {
                faults.push(format!("is said to be everybody's and answers nobody {nobody}"));
            }
            Access::Guarded | Access::OtherProof if is_success(nobody) => {
                faults.push(format!("answers nobody {nobody}"));
            }
            _ => {}
        }
        let permitted = self.status(Caller::Permitted);
        if is_refusal(permitted) && self.access != Access::OtherProof {
            faults.push(format!("refuses the user who has every right: {permitted}"));
        }
        for caller in Caller::ALL {
            let status = self.status(caller);
            if self.gives_more(caller) && !self.believed.contains(&caller) {
                faults.push(format!("gives more to {} than to nobody: {status}", caller.heading()));
            }
            if status >= 500 && !self.is_unimplemented {
                faults.push(format!("fails for {}: {status}", caller.heading()));
            }
        }
        faults
    }
}

/// The lines of one way into one service.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Which.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Section {
    /// A section whose lines are sorted by path, method and note.
    pub fn new(title: String, mut lines: Vec<Line>) -> Self {
        let key = |line: &Line| (line.path.clone(), line.method.clone(), line.note);
        lines.sort_by(|one, other| key(one).cmp(&key(other)));
        Self { title, lines }
    }

    /// The section as text.
    pub fn text(&self) -> String {
        let names: Vec<String> = self.lines.iter().map(Line::name).collect();
        let width = names.iter().map(String::len).chain([self.title.len()]).max().unwrap_or_default();
        let mut text = format!("{:width$}", self.title);
        for caller in Caller::ALL {
            let _ = write!(text, " | {}", caller.heading());
        }
        text.push('\n');
        text.push_str(&"-".repeat(width));
        for caller in Caller::ALL {
            let _ = write!(text, " | {}", "-".repeat(caller.heading().len()));
        }
        text.push('\n');
        for (line, name) in self.lines.iter().zip(names) {
            let _ = write!(text, "{name:width$}");
            for caller in Caller::ALL {
                let _ = write!(text, " | {:>1$}", line.status(caller), caller.heading().len());
            }
            text.push('\n');
        }
        text
    }
}

/// What breaks a rule in `sections`, and names of lines that occur twice.
pub fn faults(sections: &[Section]) -> Vec<String> {
    let mut faults = Vec::new();
    for Section { title, lines } in sections {
        for line in lines {
            let said = |fault: String| format!("{title}: {} {fault}", line.name());
            faults.extend(line.faults().into_iter().map(said));
        }
        for pair in lines.windows(2) {
            if pair[0].name() == pair[1].name() {
                faults.push(format!("{title}: {} is there twice: give its cases notes", pair[0].name()));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(access: Access) -> Line {
        let mut statuses = [401; CALLERS];
        statuses[Caller::Permitted.index()] = 200;
        Line {
            method: "GET".into(),
            path: "/a/{b}".into(),
            note: "",
            access,
            believed: Vec::new(),
            is_unimplemented: false,
            statuses,
        }
    }

    fn answering(line: Line, caller: Caller, status: u16) -> Line {
        let mut statuses = line.statuses;
        statuses[caller.index()] = status;
        Line { statuses, ..line }
    }

    fn faults_of(line: Line) -> Vec<String> {
        faults(&[Section::new("s".into(), vec![line])])
    }

    #[test]
    fn a_line_that_answers_the_right_caller_alone_has_no_fault() {
        assert_eq!(faults_of(line(Access::Guarded)), [] as [&str; 0]);
    }

    #[test]
    fn each_rule_is_kept() {
        let guarded = || line(Access::Guarded);
        let everybodys = || Line { statuses: [200; CALLERS], ..line(Access::Everybody) };
        let cases = [
            (answering(guarded(), Caller::Nobody, 200), "answers nobody 200"),
            (answering(guarded(), Caller::Permitted, 403), "refuses the user who has every right: 403"),
            (answering(guarded(), Caller::Expired, 200), "gives more to expired than to nobody: 200"),
            (answering(guarded(), Caller::Forged, 404), "gives more to forged than to nobody: 404"),
            (answering(guarded(), Caller::ClientAlone, 500), "fails for client: 500"),
            (
                answering(everybodys(), Caller::Nobody, 401),
                "is said to be everybody's and answers nobody 401",
            ),
        ];
        for (line, fault) in cases {
            let found = faults_of(line);
            assert!(found.iter().any(|found| found == &format!("s: GET /a/{{b}} {fault}")), "{found:?}");
        }
        let refused_everywhere = Line { statuses: [401; CALLERS], ..line(Access::OtherProof) };
        assert_eq!(faults_of(refused_everywhere), [] as [&str; 0]);
        let unimplemented = Line { is_unimplemented: true, ..answering(guarded(), Caller::Permitted, 501) };
        assert_eq!(faults_of(unimplemented), [] as [&str; 0]);
        let known = Line { believed: vec![Caller::Expired], ..answering(guarded(), Caller::Expired, 200) };
        assert_eq!(faults_of(known), [] as [&str; 0]);
        let less = answering(everybodys(), Caller::Forged, 400);
        assert_eq!(faults_of(less), [] as [&str; 0]);
        let inside = Line { statuses: [200; CALLERS], ..line(Access::Neighbours) };
        assert_eq!(faults_of(inside), [] as [&str; 0]);
    }

    #[test]
    fn a_line_that_nothing_tells_from_another_is_a_fault() {
        let twice = Section::new("s".into(), vec![line(Access::Guarded), line(Access::Guarded)]);
        assert_eq!(faults(&[twice]), ["s: GET /a/{b} is there twice: give its cases notes"]);
    }

    #[test]
    fn lines_are_sorted_and_aligned() {
        let other = Line { path: "/a".into(), note: "n", ..line(Access::Guarded) };
        let text = Section::new("s".into(), vec![line(Access::Guarded), other]).text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("s          | nobody | none | other | right | expired | "), "{text}");
        assert!(lines[2].starts_with("GET /a (n) |    401 |  401 |   401 |   200 |     401 | "), "{text}");
        assert!(lines[3].starts_with("GET /a/{b} |    401 |"), "{text}");
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
    }
}
