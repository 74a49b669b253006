//! The hub: its methods call the application, and tell other clients what has changed.

use crate::receiver::BoardClient;
use futures_util::{Stream, StreamExt};
use signalr::{CancellationToken, Context, HubError, Upload, hub};
use size::*;
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct BoardHub {
    store: Store,
}

#[hub(receiver = BoardClient)]
impl BoardHub {
    // ---- boards ----

    fn boards(&self) -> Vec<Board> {
        self.store.all()
    }

    fn board(&self, board: Id) -> Result<Board, Missing> {
        self.store.find(board)
    }

    async fn open_board(&self, ctx: Context<Self>, board: Id) -> Result<Board, HubError> {
        ctx.join(group(board))?;
        let opened: Board = self.store.fetch(board).await?;
        ctx.clients().caller().board_opened(&opened).await;
        Ok(opened)
    }

    fn leave_board(&self, ctx: Context<Self>, board: Id) {
        ctx.leave(group(board));
    }

    async fn add_board(&self, title: String, settings: Option<Settings>) -> Id {
        self.store.keep((title, settings))
    }

    async fn rename_board(&self, ctx: Context<Self>, board: Id, title: String) -> Result<(), HubError> {
        let _: Board = self.store.fetch(board).await?;
        ctx.clients().group(group(board)).board_renamed(board, title).await;
        Ok(())
    }

    async fn change_board(&self, ctx: Context<Self>, board: Id, settings: Settings) -> Result<(), HubError> {
        let _: Board = self.store.fetch(board).await?;
        ctx.clients().others_in_group(group(board)).board_changed(board, settings).await;
        Ok(())
    }

    async fn close_board(&self, ctx: Context<Self>, board: Id, reason: Option<String>) -> Result<(), Missing> {
        let _: Board = self.store.fetch(board).await?;
        ctx.clients().group(group(board)).board_closed(board, reason).await;
        Ok(())
    }

    async fn copy_board(&self, board: Id) -> Result<Id, Missing> {
        let copied: Board = self.store.fetch(board).await?;
        Ok(self.store.keep(copied))
    }

    fn board_settings(&self, board: Id) -> Result<Settings, Missing> {
        self.store.find(board)
    }

    fn board_count(&self) -> usize {
        self.store.all::<Board>().len()
    }

    #[hub(blocking)]
    fn export_board(&self, board: Id) -> Result<Vec<List>, Missing> {
        self.store.find(board)
    }

    // ---- lists ----

    fn lists(&self, board: Id) -> Result<Vec<List>, Missing> {
        self.store.find(board)
    }

    async fn list(&self, list: Id) -> Result<List, Missing> {
        self.store.fetch(list).await
    }

    async fn add_list(&self, ctx: Context<Self>, board: Id, title: String) -> Id {
        let id = self.store.keep(title.clone());
        ctx.clients().group(group(board)).list_added(board, List { id, title, cards: Vec::new() }).await;
        id
    }

    async fn move_list(&self, ctx: Context<Self>, board: Id, list: Id, position: u32) -> Result<(), Missing> {
        let _: List = self.store.fetch(list).await?;
        ctx.clients().others_in_group(group(board)).list_moved(list, position).await;
        Ok(())
    }

    fn rename_list(&self, list: Id, title: String) -> Result<List, Missing> {
        Ok(List { title, ..self.store.find(list)? })
    }

    fn remove_list(&self, ctx: Context<Self>, board: Id, list: Id) -> Result<(), HubError> {
        let _: List = self.store.find(list)?;
        ctx.clients().group(group(board)).list_removed(list);
        Ok(())
    }

    fn list_length(&self, list: Id) -> Result<usize, Missing> {
        self.store.find::<List>(list).map(|list| list.cards.len())
    }

    fn sort_list(&self, list: Id, by: Option<String>) -> Result<Vec<Id>, Missing> {
        self.store.keep(by);
        self.store.find(list)
    }

    // ---- cards ----

    fn cards(&self, list: Id) -> Result<Vec<Card>, Missing> {
        self.store.find(list)
    }

    fn card(&self, card: Id) -> Result<Card, Missing> {
        self.store.find(card)
    }

    async fn cards_of(&self, members: Vec<Id>) -> Vec<Card> {
        self.store.keep(members);
        self.store.fetch_all().await
    }

    async fn add_card(&self, ctx: Context<Self>, board: Id, list: Id, card: Card) -> Result<Id, Missing> {
        let _: List = self.store.fetch(list).await?;
        ctx.clients().group(group(board)).card_added(list, card).await;
        Ok(list)
    }

    fn add_cards(&self, list: Id, cards: Vec<Card>) -> Vec<Id> {
        cards.into_iter().map(|card| self.store.keep((list, card))).collect()
    }

    async fn change_card(&self, ctx: Context<Self>, board: Id, card: Card) -> Result<(), HubError> {
        let _: Card = self.store.fetch(card.id).await?;
        ctx.clients().others_in_group(group(board)).card_changed(card).await;
        Ok(())
    }

    async fn move_card(&self, ctx: Context<Self>, board: Id, card: Id, to: Place) -> Result<(), HubError> {
        let _: Card = self.store.fetch(card).await?;
        ctx.clients().others_in_group(group(board)).card_moved(card, to).await;
        Ok(())
    }

    fn remove_card(&self, ctx: Context<Self>, board: Id, card: Id) -> Result<(), HubError> {
        let _: Card = self.store.find(card)?;
        ctx.clients().group(group(board)).card_removed(card);
        Ok(())
    }

    fn set_title(&self, card: Id, title: String) -> Result<Card, Missing> {
        Ok(Card { title, ..self.store.find(card)? })
    }

    fn set_text(&self, card: Id, text: Option<String>) -> Result<Card, Missing> {
        Ok(Card { text, ..self.store.find(card)? })
    }

    fn set_due(&self, card: Id, due: Option<u64>) -> Result<(), Missing> {
        self.store.keep(due);
        self.store.find(card)
    }

    fn set_estimate(&self, card: Id, hours: f64) -> Result<f64, Missing> {
        self.store.find::<Card>(card).map(|card| card.estimate + hours)
    }

    async fn assign(&self, card: Id, members: Vec<Id>) -> Result<Vec<Member>, Missing> {
        self.store.keep(members);
        self.store.fetch(card).await
    }

    async fn unassign(&self, card: Id, member: Id) -> Result<Vec<Member>, Missing> {
        self.store.keep(member);
        self.store.fetch(card).await
    }

    fn archive(&self, card: Id) -> bool {
        self.store.find::<Card>(card).is_ok()
    }

    fn archive_all(&self, cards: Vec<Id>) -> usize {
        cards.into_iter().filter(|card| *card != 0).count()
    }

    async fn restore(&self, card: Id, to: Option<Place>) -> Result<Place, HubError> {
        let found: Place = self.store.fetch(card).await?;
        Ok(to.unwrap_or(found))
    }

    async fn link(&self, from: Id, to: Id) -> Result<(Card, Card), Missing> {
        Ok((self.store.fetch(from).await?, self.store.fetch(to).await?))
    }

    fn place(&self, card: Id) -> Result<Place, Missing> {
        self.store.find(card)
    }

    async fn vote(&self, card: Id, up: bool) -> Result<i32, Missing> {
        let _: Card = self.store.fetch(card).await?;
        Ok(if up { 1 } else { -1 })
    }

    // ---- comments ----

    async fn comments(&self, card: Id, before: Option<u64>) -> Result<Vec<Comment>, Missing> {
        self.store.keep(before);
        self.store.fetch(card).await
    }

    async fn comment(&self, ctx: Context<Self>, board: Id, card: Id, text: String) -> Result<Comment, HubError> {
        let comment = Comment { text, ..self.store.fetch(card).await? };
        ctx.clients().group(group(board)).commented(card, &comment).await;
        Ok(comment)
    }

    async fn change_comment(&self, comment: Comment) -> Result<(), Missing> {
        self.store.fetch(comment.id).await
    }

    fn remove_comment(&self, comment: Id) -> Result<(), Missing> {
        self.store.find(comment)
    }

    fn comment_count(&self, cards: Vec<Id>) -> Vec<(Id, usize)> {
        cards.into_iter().map(|card| (card, 0)).collect()
    }

    async fn react(&self, comment: Id, emoji: char) -> Result<Comment, Missing> {
        self.store.keep(emoji);
        self.store.fetch(comment).await
    }

    fn typing(&self, ctx: Context<Self>, board: Id) {
        ctx.clients().others_in_group(group(board)).notice("somebody is typing");
    }

    fn comment_stream(&self, count: usize) -> impl Stream<Item = Comment> + use<> {
        self.store.each(count)
    }

    // ---- members ----

    fn members(&self, board: Id) -> Result<Vec<Member>, Missing> {
        self.store.find(board)
    }

    async fn member(&self, member: Id) -> Result<Member, Missing> {
        self.store.fetch(member).await
    }

    async fn invite(&self, ctx: Context<Self>, board: Id, email: String, role: Role) -> Result<Member, HubError> {
        let member = Member { email: Some(email), role, ..self.store.fetch(board).await? };
        ctx.clients().group(group(board)).member_came(&member).await;
        Ok(member)
    }

    fn leave(&self, ctx: Context<Self>, board: Id, member: Id) {
        ctx.clients().group(group(board)).member_left(member);
    }

    async fn set_role(&self, ctx: Context<Self>, connection: String, role: Role) -> Result<bool, HubError> {
        Ok(ctx.clients().client(connection).accept_role(role).await?)
    }

    fn role(&self, member: Id) -> Result<Role, Missing> {
        self.store.find(member)
    }

    fn rename(&self, member: Id, name: String) -> Result<Member, Missing> {
        Ok(Member { name, ..self.store.find(member)? })
    }

    async fn find_members(&self, name: String) -> Vec<Member> {
        self.store.keep(name);
        self.store.fetch_all().await
    }

    fn me(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    async fn remove_member(&self, board: Id, member: Id) -> Result<(), Missing> {
        self.store.keep(board);
        self.store.fetch(member).await
    }

    async fn invite_all(&self, board: Id, emails: Vec<String>) -> Result<Vec<Member>, Missing> {
        self.store.keep(emails);
        self.store.fetch(board).await
    }

    // ---- labels and tasks ----

    fn labels(&self, board: Id) -> Result<Vec<Label>, Missing> {
        self.store.find(board)
    }

    async fn add_label(&self, board: Id, label: Label) -> Result<Vec<Label>, Missing> {
        self.store.keep(label);
        self.store.fetch(board).await
    }

    async fn label_card(&self, ctx: Context<Self>, board: Id, card: Id, labels: Vec<Label>) -> Result<(), HubError> {
        let _: Card = self.store.fetch(card).await?;
        ctx.clients().group(group(board)).labelled(card, labels).await;
        Ok(())
    }

    fn recolor(&self, label: String, color: Color) -> Label {
        Label { name: label, color }
    }

    fn colors(&self) -> Vec<Color> {
        vec![Color::Red, Color::Green, Color::Blue]
    }

    fn remove_label(&self, label: String) {
        self.store.keep(label);
    }

    fn tasks(&self, card: Id) -> Result<Vec<Task>, Missing> {
        self.store.find(card)
    }

    async fn add_task(&self, card: Id, task: Task) -> Result<usize, Missing> {
        self.store.keep(task);
        self.store.fetch(card).await
    }

    async fn tick(&self, ctx: Context<Self>, board: Id, card: Id, task: usize) -> Result<Vec<Task>, HubError> {
        let tasks: Vec<Task> = self.store.fetch(card).await?;
        ctx.clients().others_in_group(group(board)).ticked(card, &tasks).await;
        Ok(tasks.into_iter().skip(task).collect())
    }

    fn tick_all(&self, card: Id, done: bool) -> Result<Vec<Task>, Missing> {
        self.store.keep(done);
        self.store.find(card)
    }

    fn progress(&self, card: Id) -> Result<f64, Missing> {
        self.store.find(card)
    }

    fn sort_tasks(&self, card: Id, order: Vec<usize>) -> Result<Vec<Task>, Missing> {
        self.store.keep(order);
        self.store.find(card)
    }

    // ---- files ----

    fn files(&self, card: Id) -> Result<Vec<Attachment>, Missing> {
        self.store.find(card)
    }

    async fn file(&self, file: Id) -> Result<Attachment, Missing> {
        self.store.fetch(file).await
    }

    async fn upload(
        &self,
        ctx: Context<Self>,
        card: Id,
        name: String,
        mut parts: Upload<String>,
    ) -> Result<u64, HubError> {
        let mut size = 0;
        while let Some(part) = parts.next().await {
            size += part?.len() as u64;
        }
        ctx.clients().caller().attached(card, Attachment { name, size, ..Attachment::default() }).await;
        Ok(size)
    }

    fn download(&self, file: Id) -> Result<impl Stream<Item = String> + use<>, Missing> {
        let _: Attachment = self.store.find(file)?;
        Ok(self.store.each(10))
    }

    async fn import_cards(&self, list: Id, cards: impl Stream<Item = Card> + Send + 'static) -> usize {
        self.store.keep(list);
        cards.count().await
    }

    async fn remove_file(&self, file: Id) -> Result<(), Missing> {
        self.store.fetch(file).await
    }

    async fn rename_file(&self, file: Id, name: String) -> Result<Attachment, Missing> {
        Ok(Attachment { name, ..self.store.fetch(file).await? })
    }

    fn space(&self) -> (u64, u64) {
        (0, u64::MAX)
    }

    // ---- looking for things ----

    async fn search(&self, filter: Filter) -> Hits {
        self.store.keep(filter);
        self.store.fetch(1).await.unwrap_or_default()
    }

    fn search_stream(&self, filter: Filter, limit: Option<usize>) -> impl Stream<Item = Card> + use<> {
        self.store.keep(filter);
        self.store.each(limit.unwrap_or(10))
    }

    async fn suggest(&self, text: String) -> Vec<String> {
        self.store.keep(text);
        self.store.fetch_all().await
    }

    async fn save_filter(&self, name: String, filter: Filter) -> Id {
        self.store.keep((name, filter))
    }

    fn filters(&self) -> Vec<(String, Filter)> {
        self.store.all()
    }

    fn activities(&self, board: Id, limit: usize) -> impl Stream<Item = Result<Activity, Missing>> + use<> {
        self.store.keep(board);
        self.store.each(limit).map(Ok)
    }

    async fn counts(&self, boards: Vec<Id>) -> BTreeMap<Id, usize> {
        boards.into_iter().map(|board| (board, 0)).collect()
    }

    async fn last_activity(&self, board: Id) -> Result<Option<Activity>, Missing> {
        self.store.fetch(board).await
    }

    // ---- who is here ----

    fn point(&self, ctx: Context<Self>, board: Id, member: Id, pointer: Pointer) {
        ctx.clients().others_in_group(group(board)).pointer_moved(member, pointer);
    }

    async fn draw(&self, strokes: Upload<Pointer>) -> Result<usize, HubError> {
        let strokes: Vec<_> = strokes.collect().await;
        Ok(strokes.len())
    }

    async fn follow(&self, pointers: Upload<Pointer>) -> impl Stream<Item = Pointer> + use<> {
        pointers.filter_map(|pointer| std::future::ready(pointer.ok()))
    }

    fn shout(&self, ctx: Context<Self>, text: String) {
        ctx.clients().all().notice(text);
    }

    fn here(&self) -> Vec<String> {
        self.store.all()
    }

    async fn ping(&self) {}

    async fn wait(&self, cancelled: CancellationToken) -> bool {
        cancelled.cancelled().await;
        true
    }

    // ---- administration ----

    #[hub(spawn)]
    async fn report(&self, board: Id) -> Result<Report, Missing> {
        self.store.fetch(board).await
    }

    #[hub(blocking)]
    fn clean_up(&self) -> usize {
        self.store.all::<Board>().len()
    }

    fn webhooks(&self) -> Vec<Webhook> {
        self.store.all()
    }

    async fn add_webhook(&self, webhook: Webhook) -> Result<Id, HubError> {
        if webhook.url.is_empty() { Err(HubError::public("a URL is needed")) } else { Ok(self.store.keep(webhook)) }
    }

    async fn call_webhooks(&self, urls: Vec<String>) -> Result<Vec<bool>, HubError> {
        Ok(urls.iter().map(String::is_empty).collect())
    }

    async fn remove_webhook(&self, url: String) -> Result<(), HubError> {
        if url.is_empty() { Err(HubError::public("a URL is needed")) } else { Ok(()) }
    }
}

/// The group of those who see a board.
fn group(board: Id) -> String {
    format!("board {board}")
}
