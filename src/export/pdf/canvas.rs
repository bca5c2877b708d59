//! One page that is drawn from the top left, in points.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// Width and height of an A4 page.
pub const A4: [f32; 2] = [595.28, 841.89];

/// A colour, each part from 0 to 1.
pub type Colour = [f32; 3];

/// Fonts of every PDF reader (ISO 32000, 9.6.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Font {
    /// Helvetica.
    Plain,
    /// Helvetica-Bold.
    Bold,
}

impl Font {
    const ALL: [Self; 2] = [Self::Plain, Self::Bold];

    fn name(self) -> Name<'static> {
        match self {
            Self::Plain => Name(b"Plain"),
            Self::Bold => Name(b"Bold"),
        }
    }

    fn base(self) -> Name<'static> {
        match self {
            Self::Plain => Name(b"Helvetica"),
            Self::Bold => Name(b"Helvetica-Bold"),
        }
    }
}

/// A picture of 8-bit RGB.
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Three bytes a pixel, row by row.
    pub rgb: Vec<u8>,
}

/// The page.
pub struct Canvas {
    content: Content,
    pictures: Vec<Picture>,
}

impl Canvas {
    /// An empty A4 page.
    pub fn new() -> Self {
        Self { content: Content::new(), pictures: Vec::new() }
    }

    /// A line of text whose letters stand on `y`, from `x` on.
    pub fn text(&mut self, [x, y]: [f32; 2], size: f32, font: Font, colour: Colour, text: &str) {
        let [r, g, b] = colour;
        self.content.set_fill_rgb(r, g, b);
        self.content.begin_text().set_font(font.name(), size).next_line(x, A4[1] - y);
        self.content.show(Str(&latin(text))).end_text();
    }

    /// A line of digits and signs that ends at `x`.
    pub fn number(&mut self, [x, y]: [f32; 2], size: f32, font: Font, colour: Colour, text: &str) {
        let width: f32 = text.chars().map(width_of).sum::<f32>() * size / 1000.0;
        self.text([x - width, y], size, font, colour, text);
    }

    /// A filled rectangle.
    pub fn fill(&mut self, [x, y, width, height]: [f32; 4], [r, g, b]: Colour) {
        self.content.set_fill_rgb(r, g, b).rect(x, A4[1] - y - height, width, height).fill_nonzero();
    }

    /// A straight line.
    pub fn line(&mut self, [x, y]: [f32; 2], [to_x, to_y]: [f32; 2], width: f32, [r, g, b]: Colour) {
        self.content.set_stroke_rgb(r, g, b).set_line_width(width);
        self.content.move_to(x, A4[1] - y).line_to(to_x, A4[1] - to_y).stroke();
    }

    /// A picture that fills a rectangle.
    pub fn picture(&mut self, [x, y, width, height]: [f32; 4], picture: Picture) {
        let name = picture_name(self.pictures.len());
        self.content.save_state().transform([width, 0.0, 0.0, height, x, A4[1] - y - height]);
        self.content.x_object(Name(name.as_bytes())).restore_state();
        self.pictures.push(picture);
    }

    /// The bytes of the PDF. They depend on what was drawn only: there is no date.
    pub fn finish(self, title: &str, producer: &str) -> Vec<u8> {
        let mut next = 0;
        let mut new = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, pages, page, content, info) = (new(), new(), new(), new(), new());
        let fonts = Font::ALL.map(|font| (font, new()));
        let pictures: Vec<Ref> = self.pictures.iter().map(|_| new()).collect();
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages).lang(TextStr("en"));
        pdf.document_info(info).title(TextStr(title)).producer(TextStr(producer));
        pdf.pages(pages).kids([page]).count(1);
        let mut one = pdf.page(page);
        one.media_box(Rect::new(0.0, 0.0, A4[0], A4[1])).parent(pages).contents(content);
        let mut resources = one.resources();
        let mut named = resources.fonts();
        fonts.iter().for_each(|&(font, id)| {
            named.pair(font.name(), id);
        });
        named.finish();
        let mut named = resources.x_objects();
        for (at, &id) in pictures.iter().enumerate() {
            named.pair(Name(picture_name(at).as_bytes()), id);
        }
        named.finish();
        resources.finish();
        one.finish();
        for (font, id) in fonts {
            pdf.type1_font(id).base_font(font.base()).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for (picture, id) in self.pictures.iter().zip(pictures) {
            let bytes = deflated(&picture.rgb);
            let mut object = pdf.image_xobject(id, &bytes);
            object.filter(Filter::FlateDecode);
            object.width(picture.width as i32).height(picture.height as i32);
            object.color_space().device_rgb();
            object.bits_per_component(8);
        }
        let drawn = self.content.finish();
        pdf.stream(content, &deflated(&drawn)).filter(Filter::FlateDecode);
        pdf.finish()
    }
}

fn picture_name(at: usize) -> String {
    format!("Picture{at}")
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// Text in the fonts' encoding, whose characters up to 255 are those of Unicode, as far as they are needed.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// The width of digits and signs in both fonts, in thousandths of the size (Adobe's metrics of Helvetica).
fn width_of(c: char) -> f32 {
    match c {
        '.' | ' ' | ',' => 278.0,
        '-' => 333.0,
        '%' => 889.0,
        _ => 556.0,
    }
}
