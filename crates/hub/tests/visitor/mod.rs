//! A visitor of the pages who speaks HTTP and keeps a cookie.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::{Method as HttpMethod, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;

use crate::firms::Firms;

/// What a browser does of HTTP, without one.
pub struct Browser {
    pub address: SocketAddr,
    pub cookie: Option<String>,
}

impl Browser {
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookie: None,
        }
    }

    pub async fn signed_in(firms: &Firms, link: &str) -> Self {
        let mut browser = Self::new(firms.address);
        let secret = link.rsplit('/').next().unwrap();
        let answer = browser.post("/sign-in", &format!("secret={secret}")).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        browser.cookie = cookie.split(';').next().map(str::to_owned);
        browser
    }

    /// Takes the cookie of an answer, if it sets one.
    pub fn keep(&mut self, answer: &Response<String>) {
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
    }

    pub async fn get(&self, path: &str) -> Response<String> {
        self.send(HttpMethod::GET, path, "", Some("same-origin"))
            .await
    }

    pub async fn post(&self, path: &str, form: &str) -> Response<String> {
        self.send(HttpMethod::POST, path, form, Some("same-origin"))
            .await
    }

    pub async fn send(
        &self,
        method: HttpMethod,
        path: &str,
        body: &str,
        site: Option<&str>,
    ) -> Response<String> {
        let site = site.map(|site| ("sec-fetch-site", site));
        self.request(method, path, body, site).await
    }

    /// As a device asks, with one header of its own.
    pub async fn send_with(&self, path: &str, header: (&str, &str)) -> Response<String> {
        self.request(HttpMethod::GET, path, "", Some(header)).await
    }

    pub async fn request(
        &self,
        method: HttpMethod,
        path: &str,
        body: &str,
        header: Option<(&str, &str)>,
    ) -> Response<String> {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
    }
}
