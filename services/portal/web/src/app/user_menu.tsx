import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover, Separator } from "react-aria-components";
import { loginHref, logoutHref, useUser } from "../session/user.ts";
import { applyScheme, type Scheme, storedScheme } from "../theme/scheme.ts";
import { Button, ButtonLink } from "../ui/controls.tsx";
import css from "../ui/ui.module.css";
import { useText } from "./text.ts";

const SCHEMES: Scheme[] = ["system", "light", "dark"];

/** Who is here, the look of the pages, and the way in or out. */
export function UserMenu() {
  const t = useText();
  const { user, isKnown } = useUser();
  const [scheme, setScheme] = useState(storedScheme);
  const names: Record<Scheme, string> = { system: t("As the system"), light: t("Light"), dark: t("Dark") };
  const choose = (chosen: Scheme) => {
    applyScheme(chosen);
    setScheme(chosen);
  };
  const here = `${location.pathname}${location.search}`;
  return (
    <div className={css.actions}>
      {isKnown && !user && !location.pathname.startsWith("/login") ? (
        <ButtonLink href={loginHref(here)}>{t("Login")}</ButtonLink>
      ) : null}
      <MenuTrigger>
        <Button kind="bare">
          {user ? (user.display_name ?? user.username) : t("View")}
          <ChevronDown size={16} aria-hidden />
        </Button>
        <Popover className={css.popover} placement="bottom end">
          <Menu className={css.menu} aria-label={t("User and view")}>
            {user ? (
              <MenuSection>
                <MenuItem className={css.item} href="/identity">
                  {t("Profile and API keys")}
                </MenuItem>
                <MenuItem className={css.item} href={logoutHref(location.origin)}>
                  {t("Logout")}
                </MenuItem>
                <Separator />
              </MenuSection>
            ) : null}
            <MenuSection
              selectionMode="single"
              selectedKeys={[scheme]}
              onSelectionChange={(keys) => {
                const [chosen] = [...(keys as Set<Scheme>)];
                if (chosen) choose(chosen);
              }}
            >
              <Header className={css.heading}>{t("Look")}</Header>
              {SCHEMES.map((name) => (
                <MenuItem key={name} id={name} className={css.item}>
                  {names[name]}
                </MenuItem>
              ))}
            </MenuSection>
          </Menu>
        </Popover>
      </MenuTrigger>
    </div>
  );
}
