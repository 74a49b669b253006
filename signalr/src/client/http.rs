//! stand-in
pub(crate) struct HttpOptions;
impl HttpOptions {
    pub(crate) fn new(_u: String) -> Self {
        HttpOptions
    }
    pub(crate) fn connector(self) -> Box<dyn super::connect::Connector> {
        todo!()
    }
}
