//! Single MessagePack values, written in the smallest format that holds them.

pub(crate) const NIL: u8 = 0xc0;
pub(crate) const FALSE: u8 = 0xc2;
pub(crate) const TRUE: u8 = 0xc3;

/// The first bytes of an array, a map or an extension: what it is and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    bytes: [u8; 6],
    length: usize,
}

impl Head {
    pub(crate) fn array(length: usize) -> Self {
        match length {
            0..0x10 => Head::new(0x90 | length as u8, []),
            0x10..0x1_0000 => Head::new(0xdc, (length as u16).to_be_bytes()),
            _ => Head::new(0xdd, (length as u32).to_be_bytes()),
        }
    }

    pub(crate) fn map(length: usize) -> Self {
        match length {
            0..0x10 => Head::new(0x80 | length as u8, []),
            0x10..0x1_0000 => Head::new(0xde, (length as u16).to_be_bytes()),
            _ => Head::new(0xdf, (length as u32).to_be_bytes()),
        }
    }

    pub(crate) fn extension(kind: i8, length: usize) -> Self {
        let mut head = match length {
            1 => Head::new(0xd4, []),
            2 => Head::new(0xd5, []),
            4 => Head::new(0xd6, []),
            8 => Head::new(0xd7, []),
            16 => Head::new(0xd8, []),
            0..0x100 => Head::new(0xc7, [length as u8]),
            0x100..0x1_0000 => Head::new(0xc8, (length as u16).to_be_bytes()),
            _ => Head::new(0xc9, (length as u32).to_be_bytes()),
        };
        head.push(kind.cast_unsigned());
        head
    }

    #[inline]
    fn new<const N: usize>(format: u8, number: [u8; N]) -> Self {
        let mut head = Head { bytes: [0; 6], length: 0 };
        head.push(format);
        for byte in number {
            head.push(byte);
        }
        head
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[inline]
pub(crate) fn write_array_len(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(length @ 0..0x10) => out.push(0x90 | length),
        _ => out.extend_from_slice(Head::array(length).as_bytes()),
    }
}

#[inline]
pub(crate) fn write_map_len(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(length @ 0..0x10) => out.push(0x80 | length),
        _ => out.extend_from_slice(Head::map(length).as_bytes()),
    }
}

#[inline]
pub(crate) fn write_str(out: &mut Vec<u8>, text: &str) {
    match text.len() {
        length @ 0..0x20 => out.push(0xa0 | length as u8),
        length @ 0x20..0x100 => out.extend_from_slice(&[0xd9, length as u8]),
        length @ 0x100..0x1_0000 => write_number(out, 0xda, (length as u16).to_be_bytes()),
        length => write_number(out, 0xdb, (length as u32).to_be_bytes()),
    }
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        length @ 0..0x100 => out.extend_from_slice(&[0xc4, length as u8]),
        length @ 0x100..0x1_0000 => write_number(out, 0xc5, (length as u16).to_be_bytes()),
        length => write_number(out, 0xc6, (length as u32).to_be_bytes()),
    }
    out.extend_from_slice(bytes);
}

#[inline]
pub(crate) fn write_unsigned(out: &mut Vec<u8>, number: u64) {
    match number {
        0..0x80 => out.push(number as u8),
        0x80..0x100 => out.extend_from_slice(&[0xcc, number as u8]),
        0x100..0x1_0000 => write_number(out, 0xcd, (number as u16).to_be_bytes()),
        0x1_0000..0x1_0000_0000 => write_number(out, 0xce, (number as u32).to_be_bytes()),
        0x1_0000_0000.. => write_number(out, 0xcf, number.to_be_bytes()),
    }
}

#[inline]
pub(crate) fn write_signed(out: &mut Vec<u8>, number: i64) {
    match number {
        0.. => write_unsigned(out, number.cast_unsigned()),
        -0x20..0 => out.push(number as u8),
        -0x80..-0x20 => out.extend_from_slice(&[0xd0, number as u8]),
        -0x8000..-0x80 => write_number(out, 0xd1, (number as i16).to_be_bytes()),
        -0x8000_0000..-0x8000 => write_number(out, 0xd2, (number as i32).to_be_bytes()),
        _ => write_number(out, 0xd3, number.to_be_bytes()),
    }
}

/// Writes a number behind the byte that says how it is written.
#[inline]
pub(crate) fn write_number<const N: usize>(out: &mut Vec<u8>, format: u8, number: [u8; N]) {
    out.push(format);
    out.extend_from_slice(&number);
}
