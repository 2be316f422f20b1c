//! One-time codes beside the password.

use fence::InviteMode;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::local_browser::{Browser, GOOD, Page, invited, world};

/// An authenticator, as RFC 6238 has it.
struct Authenticator {
    secret: Vec<u8>,
    /// The step of the last code that it has shown.
    last: i64,
}

impl Authenticator {
    fn scan(page: &Page) -> Self {
        let secret = page.hidden().into_iter().find(|(name, _)| name == "secret").unwrap().1;
        Self { secret: hex::decode(secret).unwrap(), last: 0 }
    }

    /// A code that it has not shown before. Of the next step, if need be: clocks differ.
    fn code(&mut self) -> String {
        self.last = (chrono::Utc::now().timestamp() / 30).max(self.last + 1);
        self.again()
    }

    /// The last code again.
    fn again(&self) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).unwrap();
        mac.update(&self.last.to_be_bytes());
        let made = mac.finalize().into_bytes();
        let at = usize::from(made[19] & 15);
        let word = u32::from_be_bytes(made[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", word % 1_000_000)
    }
}

/// Recovery codes on a page.
fn recovery(page: &Page) -> Vec<String> {
    page.text.split("<li>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_from_when_it_is_shown_to_work_until_it_is_turned_off() {
    let world = world().await;
    let mut browser = Browser::with_account(&world, "ada").await;
    browser.log_in("ada", GOOD).await;
    let page = browser.get("/login/local/second-factor").await;
    assert!(
        page.text.contains("otpauth://totp/") && page.text.contains("<svg role=\"img\""),
        "{}",
        page.text
    );
    let mut authenticator = Authenticator::scan(&page);
    let code = authenticator.code();
    let refused = browser.send(&page, &[("code", "000 00x"), ("password", GOOD)]).await;
    assert_eq!(refused.status, 400);
    assert_eq!(Authenticator::scan(&refused).secret, authenticator.secret, "the picture stays");
    assert_eq!(browser.send(&page, &[("code", &code), ("password", "wrong")]).await.status, 401);
    let on = browser.send(&page, &[("code", &code), ("password", GOOD)]).await;
    let codes = recovery(&on);
    assert_eq!((on.status, codes.len()), (200, 10), "{}", on.text);
    assert_eq!(
        browser.send(&page, &[("code", &code), ("password", GOOD)]).await.status,
        400,
        "it is on already"
    );

    let mut other = Browser::new(&world);
    let half = other.log_in("ada", GOOD).await;
    let next = "http://localhost/user/login/local/code?redirect=%2Fportal";
    assert_eq!((half.status, half.location.as_deref()), (302, Some(next)));
    assert_eq!(other.get("/user").await.status, 401, "half way is not in");
    let form = other.get("/login/local/code?redirect=/portal").await;
    assert!(form.text.contains("autocomplete=\"one-time-code\""), "{}", form.text);
    for wrong in ["", "000000x", &authenticator.again()] {
        let told = other.send(&form, &[("code", wrong)]).await;
        assert_eq!(told.status, 401, "{wrong}: the code of turning it on is used up, too");
        assert!(told.text.contains("href=\"#code\""), "{}", told.text);
    }
    let code = authenticator.code();
    let entered = other.send(&form, &[("code", &code)]).await;
    assert_eq!((entered.status, entered.location.as_deref()), (302, Some("/portal")));
    assert_eq!(other.json("/user").await["username"], "ada");

    let by_code = async |code: &str| {
        let mut browser = Browser::new(&world);
        browser.log_in("ada", GOOD).await;
        let form = browser.get("/login/local/code").await;
        browser.send(&form, &[("code", code)]).await.status
    };
    assert_eq!(by_code(&code).await, 401, "a code counts once");
    assert_eq!(by_code(&codes[0].to_lowercase().replace('-', " ")).await, 302);
    assert_eq!(by_code(&codes[0]).await, 401, "and so does a recovery code");

    let page = browser.get("/login/local/second-factor").await;
    assert!(page.text.contains("You have 9 recovery codes left"), "{}", page.text);
    let off = |code, password| [("code", code), ("password", password)];
    assert_eq!(browser.send(&page, &off("123456x", GOOD)).await.status, 401);
    assert_eq!(browser.send(&page, &off(&codes[1], "wrong")).await.status, 401);
    assert_eq!(browser.send(&page, &off(&codes[2], GOOD)).await.status, 200);
    assert_eq!(Browser::new(&world).log_in("ada", GOOD).await.location.as_deref(), Some("/portal"));
}

#[tokio::test]
async fn a_login_that_waits_for_its_code_ends_with_the_password_that_began_it() {
    let world = world().await;
    let mut browser = Browser::with_account(&world, "ada").await;
    browser.log_in("ada", GOOD).await;
    let page = browser.get("/login/local/second-factor").await;
    let mut authenticator = Authenticator::scan(&page);
    let on = browser.send(&page, &[("code", &authenticator.code()), ("password", GOOD)]).await;
    let codes = recovery(&on);
    let mut waiting = Browser::new(&world);
    waiting.log_in("ada", GOOD).await;
    let form = waiting.get("/login/local/code").await;
    let guess = "update commons_local_guess set failures = 12, forget_at = now() + interval '1 day'";
    sqlx::query(guess).execute(&world.database.pool).await.unwrap();
    assert_eq!(
        waiting.send(&form, &[("code", &codes[0])]).await.status,
        429,
        "codes are guessed slowly, too"
    );
    sqlx::query("delete from commons_local_guess").execute(&world.database.pool).await.unwrap();
    let link = invited(&world, "ada", InviteMode::Reset).await;
    assert_eq!(waiting.send(&form, &[("code", &codes[0])]).await.status, 401);
    let page = waiting.get(&link).await;
    waiting.send(&page, &[("new_password", GOOD), ("again", GOOD)]).await;
    assert_eq!(waiting.send(&form, &[("code", &codes[0])]).await.status, 401);
    assert_eq!(waiting.log_in("ada", GOOD).await.location.as_deref(), Some("/portal"), "a reset forgets it");
    let nothing = Browser::new(&world).get("/login/local/code").await;
    assert_eq!(nothing.location.as_deref(), Some("http://localhost/user/login/local?redirect=%2F"));
}
