// The first page: what this commons is, how much is in it, and where to begin.

import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { useEffect } from "react";
import { boot, plain, safeHref } from "../../app/boot.ts";
import { useFormats, useText } from "../../app/text.ts";
import { inWords } from "../../app/words.ts";
import { type Counts, type Kind, type Project, sum } from "../../features/counts/counts.ts";
import { useCounts } from "../../features/counts/use_counts.ts";
import { loginHref, useUser } from "../../session/user.ts";
import { ButtonLink } from "../../ui/controls.tsx";
import { Part } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import css from "./page.module.css";

export function Home() {
  const t = useText();
  const { user, isKnown } = useUser();
  const { introduction, buttons } = boot.components.index ?? {};
  const heading = plain(introduction?.heading) || boot.title;
  useEffect(() => {
    document.title = boot.title;
  }, []);
  return (
    <div className={css.home}>
      <div className={`introduction ${css.intro}`}>
        <h1>{heading}</h1>
        <p>
          {plain(introduction?.text) ||
            t("Find, understand and use the research data of this commons: in these pages, or by program.")}
        </p>
        <div className={css.actions}>
          {isKnown && !user ? (
            <ButtonLink kind="primary" href={loginHref("/")}>
              {t("Log in")}
            </ButtonLink>
          ) : (
            <ButtonLink kind="primary" href="/submission">
              {t("Projects")}
            </ButtonLink>
          )}
          <Link to="/dd" className={css.more}>
            {t("Data dictionary")} <ArrowRight size={16} aria-hidden />
          </Link>
          <a href="/query" className={css.more}>
            {t("Query page")} <ArrowRight size={16} aria-hidden />
          </a>
        </div>
      </div>
      {isKnown && user ? <Inside /> : null}
      {isKnown && !user ? (
        <p className="quiet">
          {t("How much data there is, by project, is shown to those who have logged in.")}
        </p>
      ) : null}
      {buttons?.length ? (
        <ul className={`index-button-bar ${css.cards}`}>
          {buttons.map((button) => (
            <li key={button.name}>
              <h2>{plain(button.name)}</h2>
              <p className="quiet">{plain(button.body)}</p>
              <a href={safeHref(button.link)}>{plain(button.label) || plain(button.name)}</a>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function Inside() {
  const t = useText();
  const { projects, kinds, counts, isComplete, error, retry } = useCounts(true);
  if (error) return <Failed error={error} what={t("Figures of this commons")} retry={retry} />;
  if (!projects || kinds.length === 0) return <Loading lines={4} />;
  if (projects.length === 0) {
    return (
      <Empty title={t("There is no project yet that you may see")}>
        <p className="quiet">
          {t(
            "Who has the right creates a program and a project, and then submits records. With a demonstration:",
          )}
        </p>
        <code>commons up --demo</code>
      </Empty>
    );
  }
  return (
    <>
      <Figures projects={projects} kinds={kinds} counts={counts} isComplete={isComplete} />
      <Part title={t("Projects")}>
        <ProjectTable projects={projects} kinds={kinds} counts={counts} />
      </Part>
    </>
  );
}

type Shown = { projects: Project[]; kinds: Kind[]; counts: Counts };

function Figures({ projects, kinds, counts, isComplete }: Shown & { isComplete: boolean }) {
  const t = useText();
  const { number } = useFormats();
  const total = (kind: Kind) =>
    projects.reduce((all, project) => all + (sum(counts, project.id, kind) ?? 0), 0);
  return (
    <dl className={css.figures} aria-busy={!isComplete}>
      <div>
        <dt>{t("Projects")}</dt>
        <dd>{number(projects.length)}</dd>
      </div>
      {kinds.map((kind) => (
        <div key={kind.title}>
          <dt>{inWords(kind.title)}</dt>
          <dd>{isComplete ? number(total(kind)) : "…"}</dd>
        </div>
      ))}
    </dl>
  );
}

export function ProjectTable({ projects, kinds, counts }: Shown) {
  const t = useText();
  const { number } = useFormats();
  const columns: Column<Project>[] = [
    {
      title: t("Project"),
      isHeader: true,
      cell: (project) => (
        <Link to="/$project" params={{ project: project.id }}>
          {project.id}
        </Link>
      ),
    },
    { title: t("Name"), cell: (project) => project.name },
    { title: t("State"), cell: (project) => project.state },
    ...kinds.map((kind) => ({
      title: inWords(kind.title),
      isNumber: true,
      cell: (project: Project) => {
        const count = sum(counts, project.id, kind);
        return count === undefined ? "…" : number(count);
      },
    })),
  ];
  return <Table label={t("Projects")} columns={columns} rows={projects} keyOf={(project) => project.id} />;
}
