//! Every address of the pages, with the action it needs. There is no other way to a page.

use super::answer::{Answer, Problem};
use super::pages;
use super::visit::Visit;
use crate::access::Action;

/// A method of HTTP that pages use. Reading is `GET` and changes nothing; changing is `POST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reading.
    Get,
    /// Changing.
    Post,
}

/// One address.
pub struct Route {
    /// How.
    pub method: Method,
    /// Where, in the router's syntax.
    pub path: &'static str,
    /// What one must be allowed to do.
    pub action: Action,
    pub(super) page: fn(&mut Visit<'_>) -> Result<Answer, Problem>,
}

const fn get(
    path: &'static str,
    action: Action,
    page: fn(&mut Visit<'_>) -> Result<Answer, Problem>,
) -> Route {
    Route {
        method: Method::Get,
        path,
        action,
        page,
    }
}

const fn post(
    path: &'static str,
    action: Action,
    page: fn(&mut Visit<'_>) -> Result<Answer, Problem>,
) -> Route {
    Route {
        method: Method::Post,
        path,
        action,
        page,
    }
}

use Action::{
    Account, AccountAct, AdminAct, AdminRead, EmergencyAct, ExportAct, FirmList, JoinAct, KeyAct,
    MemberList, MemberRead, OwnAct, OwnRead, PeopleAct, Public, Session, ShareAct, StaffAct,
    ThreatAct, ThreatList, ThreatRead, VetAct, VetRead,
};

/// Every address there is.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    get("/", Session, pages::start::show),
    get("/sign-in", Public, pages::sign_in::ask),
    post("/sign-in/email", Public, pages::sign_in::email),
    post("/sign-in/code", Session, pages::account::codes::prove),
    post("/sign-in/passkey", Public, pages::sign_in::with_passkey),
    get("/sign-in/next", Session, pages::sign_in::next),
    get("/sign-in/again", Session, pages::sign_in::again),
    get("/sign-in/{secret}", Public, pages::sign_in::confirm),
    post("/sign-in", Public, pages::sign_in::redeem),
    get("/sign-in/with/{provider}", Public, pages::single::leave),
    get("/sign-in/back/{provider}", Public, pages::single::back),
    post("/sign-out", Session, pages::sign_in::sign_out),
    get("/keys", Account, pages::keys::show),
    post("/keys", KeyAct, pages::keys::make),
    post("/keys/{id}/revoke", Account, pages::keys::revoke),
    get("/help", Public, pages::help::show),
    get("/health", Public, pages::assets::health),
    get("/style.css", Public, pages::assets::style),
    get("/live.js", Public, pages::assets::live),
    get("/passkey.js", Public, pages::assets::passkey),
    get("/mark.svg", Public, pages::assets::mark),

    get("/emergency", EmergencyAct, pages::emergency::ask),
    post("/emergency", EmergencyAct, pages::emergency::begin),
    post("/emergency/end", Session, pages::emergency::end),
    get("/sharing", ShareAct, pages::sharing::show),
    post("/sharing", ShareAct, pages::sharing::begin),
    post("/sharing/end", ShareAct, pages::sharing::end),
    get("/exports", ExportAct, pages::exports::show),
    post("/exports", ExportAct, pages::exports::ask),
    post("/exports/{id}/agree", ExportAct, pages::exports::agree),
    post("/exports/{id}/take", ExportAct, pages::exports::take),

    get("/join", Public, pages::join::ask),
    post("/join", Public, pages::join::send),
    post("/join/confirm", Public, pages::join::confirm),
    post("/join/answer", Public, pages::join::answer),
    get("/join/{secret}", Public, pages::join::show),
    get("/applications", VetRead, pages::applications::show),
    get("/applications/{id}", VetRead, pages::applications::one),
    post("/applications/{id}/accept", VetAct, pages::applications::accept),
    post("/applications/{id}/refuse", VetAct, pages::applications::refuse),
    post("/applications/{id}/ask", VetAct, pages::applications::question),

    get("/account", Account, pages::account::show),
    get("/account/passkeys/add", AccountAct, pages::account::passkeys::ask),
    post("/account/passkeys", AccountAct, pages::account::passkeys::add),
    post("/account/passkeys/{id}/remove", AccountAct, pages::account::passkeys::remove),
    get("/account/codes/add", AccountAct, pages::account::codes::ask),
    post("/account/codes", AccountAct, pages::account::codes::confirm),
    post("/account/codes/remove", AccountAct, pages::account::codes::remove),
    get("/account/single/{provider}", AccountAct, pages::single::connect),
    post("/account/single/{provider}/remove", AccountAct, pages::single::remove),
    post("/account/sessions/end", Account, pages::account::sessions::end_others),
    post("/account/sessions/{id}/end", Account, pages::account::sessions::end),

    get("/home", OwnRead, pages::home::show),
    get("/home/leaving", OwnRead, pages::leaving::show),
    get("/home/leaving.json", OwnRead, pages::leaving::json),
    get("/home/leaving.csv", OwnRead, pages::leaving::csv),
    get("/home/readers", OwnRead, pages::readers::show),
    get("/home/warnings/{id}", OwnRead, pages::warning::show),
    get("/home/blocklist", OwnRead, pages::blocklist::show),
    post("/home/blocklist", OwnAct, pages::blocklist::add),
    post("/home/blocklist/devices/{id}/out", OwnAct, pages::blocklist::revoke),
    post("/home/blocklist/appeal", OwnAct, pages::blocklist::appeal),

    get("/home/install", JoinAct, pages::installing::ask),
    post("/home/install", JoinAct, pages::installing::make),

    get("/home/people", StaffAct, pages::people::show),
    post("/home/people", StaffAct, pages::people::invite),
    post("/home/people/{id}/role", StaffAct, pages::people::role),
    post("/home/people/{id}/disable", StaffAct, pages::people::disable),
    post("/home/people/{id}/enable", StaffAct, pages::people::enable),
    post("/home/invitations/{id}/withdraw", StaffAct, pages::people::withdraw),
    get("/invited/{secret}", Public, pages::invited::show),
    post("/invited", Public, pages::invited::accept),

    get("/firms", FirmList, pages::firms::show),
    post("/firms/{id}", FirmList, pages::firms::choose),

    get("/threats", ThreatList, pages::threats::show),
    get("/threats/{id}", ThreatRead, pages::threat::show),
    post("/threats/{id}/verdict", ThreatAct, pages::verdict::give),
    get("/members", MemberList, pages::members::show),
    get("/members/{id}", MemberRead, pages::member::show),

    get("/admin", AdminRead, pages::admin::overview::show),
    get("/admin/members", AdminRead, pages::admin::members::show),
    post("/admin/members", AdminAct, pages::admin::members::add),
    get("/admin/collectors", AdminRead, pages::admin::collectors::show),
    post("/admin/tokens", AdminAct, pages::admin::collectors::invite),
    post("/admin/collectors/{id}/revoke", AdminAct, pages::admin::collectors::revoke),
    get("/admin/people", AdminRead, pages::admin::people::show),
    post("/admin/people", PeopleAct, pages::admin::people::add),
    get("/admin/people/{id}/firms", AdminRead, pages::admin::firms::show),
    post("/admin/people/{id}/firms", PeopleAct, pages::admin::firms::give),
    post("/admin/people/{id}/firms/take", PeopleAct, pages::admin::firms::take),
    post("/admin/people/{id}/link", PeopleAct, pages::admin::people::link),
    post("/admin/people/{id}/disable", PeopleAct, pages::admin::people::disable),
    post("/admin/people/{id}/enable", PeopleAct, pages::admin::people::enable),
    post("/admin/approvals/{id}/agree", PeopleAct, pages::admin::people::agree),
    post("/admin/approvals/{id}/take", PeopleAct, pages::admin::people::take),
    post("/admin/people/{id}/reset", PeopleAct, pages::admin::people::reset),
];
