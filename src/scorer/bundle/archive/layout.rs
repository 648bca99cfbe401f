//! The parts of the zip format (PKWARE's APPNOTE) that a bundle uses.

/// A file's own header, before its bytes.
pub(super) const LOCAL: u32 = 0x0403_4b50;
/// A file's row in the directory at the end.
pub(super) const ROW: u32 = 0x0201_4b50;
/// The record after the directory.
pub(super) const END: u32 = 0x0605_4b50;

/// Bytes of the fixed part of each.
pub(super) const LOCAL_BYTES: usize = 30;
pub(super) const ROW_BYTES: usize = 46;
pub(super) const END_BYTES: usize = 22;

/// The file's bytes as they are.
pub(super) const STORED: u16 = 0;
/// The file's bytes deflated.
pub(super) const DEFLATED: u16 = 8;

/// Flags of encryption: of the bytes, strong, of the directory.
pub(super) const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Flag of names in UTF-8.
pub(super) const UTF8: u16 = 1 << 11;

/// Kind of a file in the upper half of its attributes, as Unix has it: the mask, regular, symbolic link.
pub(super) const KIND: u32 = 0o170_000;
pub(super) const REGULAR: u32 = 0o100_000;
pub(super) const LINK: u32 = 0o120_000;

/// The two bytes at a place, little end first.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// The four bytes at a place, little end first.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The four bytes at a place as a length or an offset.
pub(super) fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}
