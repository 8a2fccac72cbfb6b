//! OpenSSH's log lines, as `auth.c` and `auth2.c` of OpenSSH portable word them.

use crate::act::LogIn;

pub(super) fn write(it: &LogIn, out: &mut Vec<String>) {
    let (ip, port, user) = (it.source.ip(), it.source.port(), &it.user);
    if it.success {
        let how = if it.with_key {
            format!(
                "Accepted publickey for {user} from {ip} port {port} ssh2: ED25519 SHA256:Q0u5e6bQyOQxkJbqk2c8mK8o1y0f1Wv2m5wVw3e1x4E"
            )
        } else {
            format!("Accepted password for {user} from {ip} port {port} ssh2")
        };
        out.push(how);
        out.push(format!(
            "pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)"
        ));
        return;
    }
    if it.known_user {
        out.push(format!(
            "Failed password for {user} from {ip} port {port} ssh2"
        ));
    } else {
        out.push(format!("Invalid user {user} from {ip} port {port}"));
        out.push(format!(
            "Failed password for invalid user {user} from {ip} port {port} ssh2"
        ));
    }
}
