//! Each class of the OWASP API Security Top 10 (2023), tried.
