//! What the compiler says about mistakes in hubs and receivers: `fail` holds one small program per mistake, with the
//! message beside it; `pass` holds programs that look unusual and are right.
