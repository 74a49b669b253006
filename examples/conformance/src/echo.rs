//! A raw connection, below the hub protocol.

use signalr::RawConnection;

/// Sends every block of bytes back.
pub(crate) async fn serve(mut connection: RawConnection) {
    while let Some(block) = connection.receive().await {
        if connection.send(block).await.is_err() {
            break;
        }
    }
}
