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
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(ImageError::from)?;
    if !matches!(
        reader.format(),
        Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
    ) {
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
    let (long, short) = (
        u64::from(picture.width().max(picture.height())),
        u64::from(picture.width().min(picture.height())),
    );
    let rounded = (short * u64::from(side) + long / 2) / long;
    let short = u32::try_from(rounded).unwrap_or(side).max(1);
    let (width, height) = if picture.width() >= picture.height() {
        (side, short)
    } else {
        (short, side)
    };
    // A quick mean of the pixels down to twice the size, then a careful one.
    if long > u64::from(side) * 4 {
        let near = picture.thumbnail_exact(width * 2, height * 2);
        return near.resize_exact(width, height, FilterType::CatmullRom);
    }
    picture.resize_exact(width, height, FilterType::CatmullRom)
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

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = RgbImage::from_fn(width, height, |x, _| {
            if x < width / 2 {
                Rgb([255, 0, 0])
            } else {
                Rgb([0, 0, 255])
            }
        });
        picture
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90))
            .unwrap();
        bytes
    }

    /// The same with a note of the camera that it was held a quarter turn to the left: Exif, orientation 6.
    fn turned(jpeg: &[u8]) -> Vec<u8> {
        let mut note = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let length = u16::try_from(note.len() + 2).unwrap().to_be_bytes();
        let mut bytes = jpeg[..2].to_vec();
        bytes.extend([0xff, 0xe1, length[0], length[1]]);
        bytes.append(&mut note);
        bytes.extend_from_slice(&jpeg[2..]);
        bytes
    }

    #[test]
    fn a_picture_is_turned_upright_as_its_camera_says() {
        let made = make(&turned(&jpeg(400, 200))).unwrap();
        assert_eq!((made.width, made.height), (200, 400));
        let medium = image::load_from_memory(&made.smaller[1].bytes).unwrap().to_rgb8();
        assert_eq!(medium.dimensions(), (200, 400));
        let (top, bottom) = (medium.get_pixel(100, 50), medium.get_pixel(100, 350));
        assert!(
            top[0] > 200 && bottom[2] > 200,
            "the left side is the top now: {top:?} {bottom:?}"
        );
    }

    #[test]
    fn proportions_are_kept_and_nothing_is_made_larger() {
        for (width, height, expected) in [
            (1_200, 800, (200, 133)),
            (800, 1_200, (133, 200)),
            (2_000, 2, (200, 1)),
            (200, 200, (200, 200)),
            (201, 200, (200, 199)),
            (10, 20, (10, 20)),
        ] {
            let picture = DynamicImage::new_rgb8(width, height);
            let small = shrink(&picture, 200);
            assert_eq!((small.width(), small.height()), expected, "{width} by {height}");
        }
    }

    #[test]
    fn what_is_no_picture_is_unfit() {
        assert!(matches!(make(b"GIF89a\x01\0\x01\0"), Err(Unfit::Format)));
        assert!(matches!(make(b""), Err(Unfit::Format)));
        assert!(matches!(make(&jpeg(100, 100)[..200]), Err(Unfit::Broken(_))));
    }
}
