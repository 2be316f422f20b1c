// The projects that the reader may see, with counts, and the way into each.

import { useNavigate, useSearch } from "@tanstack/react-router";
import { useText } from "../../app/text.ts";
import { useCounts } from "../../features/counts/use_counts.ts";
import { useUser } from "../../session/user.ts";
import { ButtonLink, SearchBox } from "../../ui/controls.tsx";
import { Page, Row } from "../../ui/page.tsx";
import { Denied, Empty, Failed, Loading } from "../../ui/states.tsx";
import { ProjectTable } from "../home/page.tsx";

export function Submission() {
  const t = useText();
  const { user, isKnown } = useUser();
  return (
    <Page
      title={t("Data submission")}
      lead={t("Choose a project to send tables to it, and to see what is in it and who has sent it.")}
      actions={user ? <ButtonLink href="/submission/files">{t("Upload and map files")}</ButtonLink> : null}
    >
      {isKnown ? user ? <Projects /> : <Denied what={t("Projects")} /> : <Loading />}
    </Page>
  );
}

function Projects() {
  const t = useText();
  const { q = "" } = useSearch({ from: "/submission" });
  const navigate = useNavigate({ from: "/submission" });
  const { projects, kinds, counts, error, retry } = useCounts(true);
  if (error) return <Failed error={error} what={t("Projects")} retry={retry} />;
  if (!projects) return <Loading />;
  if (projects.length === 0) {
    return (
      <Empty title={t("There is no project yet that you may see")}>
        <p className="quiet">
          {t("Ask the operator of this commons for the right to read or to create one.")}
        </p>
      </Empty>
    );
  }
  const wanted = q.trim().toLowerCase();
  const rows = projects.filter(({ id, name }) => `${id} ${name}`.toLowerCase().includes(wanted));
  return (
    <div className="submission-header">
      <Row>
        <SearchBox
          label={t("Search projects")}
          value={q}
          onChange={(words) => void navigate({ search: { q: words || undefined }, replace: true })}
        />
        <p role="status" className="quiet">
          {t("{count, plural, one {# project} other {# projects}}", { count: rows.length })}
        </p>
      </Row>
      <br />
      <ProjectTable projects={rows} kinds={kinds} counts={counts} />
    </div>
  );
}
