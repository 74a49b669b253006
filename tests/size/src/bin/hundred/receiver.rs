//! What the hub calls on its clients.

use signalr::receiver;
use size::{Attachment, Board, Card, Comment, Id, Label, List, Member, Place, Pointer, Role, Settings, Task};

#[receiver]
pub(crate) trait BoardClient {
    async fn board_opened(&self, board: Board);
    async fn board_renamed(&self, board: Id, title: String);
    async fn board_changed(&self, board: Id, settings: Settings);
    async fn board_closed(&self, board: Id, reason: Option<String>);
    async fn list_added(&self, board: Id, list: List);
    async fn list_moved(&self, list: Id, position: u32);
    async fn list_removed(&self, list: Id);
    async fn card_added(&self, list: Id, card: Card);
    async fn card_changed(&self, card: Card);
    async fn card_moved(&self, card: Id, to: Place);
    async fn card_removed(&self, card: Id);
    async fn commented(&self, card: Id, comment: Comment);
    async fn labelled(&self, card: Id, labels: Vec<Label>);
    async fn ticked(&self, card: Id, tasks: Vec<Task>);
    async fn attached(&self, card: Id, file: Attachment);
    async fn member_came(&self, member: Member);
    async fn member_left(&self, member: Id);
    #[receiver(latest)]
    async fn pointer_moved(&self, member: Id, pointer: Pointer);
    async fn notice(&self, text: String);
    async fn accept_role(&self, role: Role) -> bool;
}
