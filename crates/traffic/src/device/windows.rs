//! Windows' security log, exported as JSON: events 4624 and 4625.

use larum_core::time::Timestamp;

use crate::act::LogIn;
use crate::stamp::Civil;

pub(super) fn write(host: &str, at: Timestamp, it: &LogIn, out: &mut Vec<String>) {
    let micros = at.as_micros().rem_euclid(1_000_000);
    let stamp = Civil::of(at).iso(micros).replace("+00:00", "Z");
    let (id, keyword, status) = match (it.success, it.known_user) {
        (true, _) => (4624, "Audit Success", ""),
        (false, true) => (
            4625,
            "Audit Failure",
            ",\"Status\":\"0xc000006d\",\"SubStatus\":\"0xc000006a\"",
        ),
        (false, false) => (
            4625,
            "Audit Failure",
            ",\"Status\":\"0xc000006d\",\"SubStatus\":\"0xc0000064\"",
        ),
    };
    out.push(format!(
        "{{\"@timestamp\":\"{stamp}\",\"winlog\":{{\"event_id\":{id},\"computer_name\":\"{host}.example.org\",\
         \"channel\":\"Security\",\"provider_name\":\"Microsoft-Windows-Security-Auditing\",\
         \"keywords\":[\"{keyword}\"],\"event_data\":{{\"SubjectUserName\":\"-\",\"TargetUserName\":\"{}\",\
         \"LogonType\":\"10\",\"WorkstationName\":\"PC7\",\"IpAddress\":\"{}\",\"IpPort\":\"{}\"{status}}}}},\
         \"log\":{{\"level\":\"information\"}}}}",
        it.user,
        it.source.ip(),
        it.source.port(),
    ));
}
