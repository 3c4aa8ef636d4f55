//! Smaller pictures of a picture. What comes in is anybody's: what it takes in memory is read from its header, and what would take more than
//! the limit is not unpacked.

mod cost;

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
    metadata::Orientation,
};

use cost::cost;

use super::Variant;

/// The longest side of a picture that is unpacked, in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// Bytes that a picture and its decoder may take (`cost`): 53 million pixels of a common JPEG, 40 million of a PNG with alpha, 20 million of
/// one with 16 bits a channel, 18 million of a progressive JPEG with full colour, 14 million of a WebP, 8 million of one that moves.
/// Beside them there are the file itself, which a JPEG's decoder copies (20 MiB each at most), [`MOST_METADATA`], and some 25 MiB to make
/// it smaller: 240 MiB in all. Smaller pictures are turned, not the large one, and colour profiles are not applied.
const MOST_MEMORY: u64 = 160 * 1024 * 1024;
/// Bytes of colour profiles and texts that are unpacked from a PNG, and of an Exif block that is read.
const MOST_METADATA: u64 = 8 * 1024 * 1024;
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
    #[error("its {width} by {height} pixels take {bytes} bytes to unpack; {MOST_MEMORY} are given to it")]
    TooLarge { width: u32, height: u32, bytes: u64 },
    #[error("it does not unpack: {0}")]
    Broken(#[from] ImageError),
}

/// Unpacks a picture and makes all variants, turned upright as its camera says. None is larger than the original. Takes a second of a core
/// and [`MOST_MEMORY`] at worst, with what is said there.
pub fn make(bytes: &[u8]) -> Result<Pictures, Unfit> {
    let (picture, orientation) = unpack(bytes)?;
    let mut smaller = Vec::with_capacity(Variant::ALL.len());
    for variant in Variant::ALL {
        let mut small = shrink(&picture, variant.side());
        small.apply_orientation(orientation);
        smaller.push(encode(variant, small)?);
    }
    let (width, height) = match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            (picture.height(), picture.width())
        }
        _ => (picture.width(), picture.height()),
    };
    Ok(Pictures { width, height, smaller })
}

/// The picture as it is stored, and how it is to be turned.
fn unpack(bytes: &[u8]) -> Result<(DynamicImage, Orientation), Unfit> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(ImageError::from)?;
    let Some(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) = reader.format() else {
        return Err(Unfit::Format);
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_METADATA);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let needed = cost(format, bytes, (width, height), decoder.total_bytes());
    if needed > MOST_MEMORY {
        return Err(Unfit::TooLarge {
            width,
            height,
            bytes: needed,
        });
    }
    // What cannot be read of the camera's note is not there.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
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
