//! A raw connection, below the hub protocol, and a detour to it.

use axum::http::Uri;
use axum::response::Redirect;
use signalr::RawConnection;

/// Sends every block of bytes back.
pub(crate) async fn serve(mut connection: RawConnection) {
    while let Some(block) = connection.receive().await {
        if connection.send(block).await.is_err() {
            break;
        }
    }
}

/// From `/echoredirect…` to the same path and query under `/echo`.
pub(crate) async fn redirect(uri: Uri) -> Redirect {
    let rest = uri.path_and_query().map(|target| target.as_str()).and_then(|target| target.strip_prefix("/echoredirect"));
    Redirect::temporary(&format!("/echo{}", rest.unwrap_or_default()))
}
