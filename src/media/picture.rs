//! Smaller pictures of a picture. What comes in is anybody's: its size is read before anything is unpacked, and what would unpack to more
//! than the limits is refused.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
};

use super::Variant;

/// The longest side of a picture that is unpacked, in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// Its pixels: some 160 MB while it is being worked on.
const MOST_PIXELS: u64 = 40_000_000;
/// What a decoder may allocate, in bytes.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;
/// Of a JPEG, in percent: what thumbnails are commonly made with.
const QUALITY: u8 = 80;

/// A smaller picture, encoded.
pub struct Smaller {
    pub variant: Variant,
    pub mime_type: &'static str,
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

pub struct Pictures {
    /// Of the original, upright.
    pub width: u32,
    pub height: u32,
    pub smaller: Vec<Smaller>,
}

/// Why there are none: the picture is at fault, and would be each time.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("it is neither JPEG nor PNG nor WebP")]
    Format,
    #[error("it has {width} by {height} pixels; at most {MOST_PIXELS} in all and {LONGEST_SIDE} a side are unpacked")]
    TooLarge { width: u32, height: u32 },
    #[error("it does not unpack: {0}")]
    Broken(#[from] ImageError),
}

/// Unpacks a picture, turns it upright as its camera says, and makes all variants. None is larger than the original. Takes a second of a
/// core and the memory above at worst.
pub fn make(bytes: &[u8]) -> Result<Pictures, Unfit> {
    let upright = unpack(bytes)?;
    let mut smaller = Vec::with_capacity(Variant::ALL.len());
    for variant in Variant::ALL {
        smaller.push(encode(variant, shrink(&upright, variant.side()))?);
    }
    Ok(Pictures {
        width: upright.width(),
        height: upright.height(),
        smaller,
    })
}

fn unpack(bytes: &[u8]) -> Result<DynamicImage, Unfit> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(ImageError::from)?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        return Err(Unfit::Format);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Unfit::TooLarge { width, height });
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Within a square, in the same proportions.
fn shrink(picture: &DynamicImage, side: u32) -> DynamicImage {
    if picture.width() <= side && picture.height() <= side {
        return picture.clone();
    }
    // A quick mean of the pixels down to twice the size, then a careful one.
    let near = if picture.width().max(picture.height()) > side * 4 {
        &picture.thumbnail(side * 2, side * 2)
    } else {
        picture
    };
    near.resize(side, side, FilterType::CatmullRom)
}

/// As JPEG, or where it can be seen through, as PNG.
fn encode(variant: Variant, picture: DynamicImage) -> Result<Smaller, Unfit> {
    let mut bytes = Vec::new();
    let mime_type = if picture.color().has_alpha() {
        picture.to_rgba8().write_with_encoder(PngEncoder::new(&mut bytes))?;
        "image/png"
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        picture.to_rgb8().write_with_encoder(encoder)?;
        "image/jpeg"
    };
    Ok(Smaller {
        variant,
        mime_type,
        width: picture.width(),
        height: picture.height(),
        bytes,
    })
}
