// Header, navigation and footer around every page.

import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { Notice } from "../ui/states.tsx";
import { boot, type Link as Entry, plain, safeHref } from "./boot.ts";
import css from "./shell.module.css";
import { useText } from "./text.ts";
import { UserMenu } from "./user_menu.tsx";

type Item = { href: string; label: string };

/** Pages that there are. What is configured for others is not shown: a link that leads nowhere helps nobody. */
const PAGES = [
  "/",
  "/explorer",
  "/dd",
  "/submission",
  "/identity",
  "/query",
  "/login",
  "/requests",
  "/submission/files",
  "/workspace",
  "/about/status",
  "/admin",
  "/admin/runs",
  "/admin/users",
  "/admin/audit",
  "/admin/access",
  "/admin/storage",
  "/admin/site",
];

function isThere(href: string): boolean {
  const [path = ""] = href.toLowerCase().split(/[?#]/);
  return /^(https?:|mailto:)/.test(href) || PAGES.some((page) => path === page || path.startsWith("/dd/"));
}

function items(links: Entry[] | undefined): Item[] {
  return (links ?? []).flatMap((entry) => {
    const href = safeHref(entry.link ?? entry.href);
    const label = plain(entry.name ?? entry.label ?? entry.text);
    return href && label && isThere(href)
      ? [{ href: href.toLowerCase() === "/dd" ? "/dd" : href, label }]
      : [];
  });
}

function useNavigation(): Item[] {
  const t = useText();
  const configured = items(boot.components.navigation?.items);
  if (configured.length > 0) return configured;
  return [
    { href: "/explorer", label: t("Explorer") },
    { href: "/dd", label: t("Dictionary") },
    { href: "/submission", label: t("Submission") },
    { href: "/query", label: t("Query") },
  ];
}

function NavLink({ item }: { item: Item }) {
  const { pathname } = useLocation();
  const isHere = pathname.toLowerCase() === item.href || pathname.toLowerCase().startsWith(`${item.href}/`);
  // The query page and other sites are documents of their own.
  const isOwn = item.href.startsWith("/") && !item.href.toLowerCase().startsWith("/query");
  const common = { className: css.link, "aria-current": isHere ? ("page" as const) : undefined };
  if (!isOwn) {
    return (
      <a href={item.href} {...common}>
        {item.label}
      </a>
    );
  }
  return (
    <Link to={item.href} {...common}>
      {item.label}
    </Link>
  );
}

export function Shell() {
  const t = useText();
  const navigation = useNavigation();
  const { components, title, logo, version } = boot;
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">
        {t("Skip to the content")}
      </a>
      <header className={css.header}>
        <div className={css.inner}>
          <Link to="/" className={css.brand}>
            {logo ? <img src={logo} alt="" height={32} /> : <Mark />}
            <span>{title}</span>
          </Link>
          <nav aria-label={t("Main")} className={css.nav}>
            {navigation.map((item) => (
              <NavLink key={item.href} item={item} />
            ))}
          </nav>
          <UserMenu />
        </div>
      </header>
      {components.banner?.map((banner) => (
        <div key={banner.id ?? banner.message} className={css.inner}>
          <Notice kind={banner.type === "error" || banner.type === "warning" ? "caution" : "plain"}>
            {plain(banner.message)}
          </Notice>
        </div>
      ))}
      <main id="main" className={css.inner} tabIndex={-1}>
        <Outlet />
      </main>
      <footer className={css.footer}>
        <div className={css.inner}>
          <div className={css.logos}>
            {components.footerLogos?.map((entry) => (
              <a key={entry.src} href={safeHref(entry.href)}>
                <img src={safeHref(entry.src)} alt={entry.alt ?? ""} height={28} />
              </a>
            ))}
          </div>
          <p className="quiet small">
            {items(components.footer?.links).map((item) => (
              <span key={item.href}>
                <a href={item.href}>{item.label}</a> ·{" "}
              </span>
            ))}
            <Link to="/about/status">{t("Status")}</Link> ·{" "}
            <Link to="/about/accessibility">{t("Accessibility")}</Link> · Gen3-rs {version}
          </p>
        </div>
      </footer>
    </div>
  );
}

/** The sign of a commons that has no logo of its own: three things that share one place. */
function Mark() {
  return (
    <svg width="28" height="28" viewBox="0 0 28 28" aria-hidden="true" className={css.mark}>
      <circle cx="14" cy="9.5" r="7" />
      <circle cx="9.5" cy="17.5" r="7" />
      <circle cx="18.5" cy="17.5" r="7" />
    </svg>
  );
}
