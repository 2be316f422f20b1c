//! The identity providers of a SAML federation, by its metadata (`xml-mdq-v1.0`), as InCommon publishes them.
//!
//! Such a document has tens of megabytes. It is read as it comes, and only names are kept of it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use quick_xml::{
    Reader, XmlVersion,
    encoding::Decoder,
    events::{BytesRef, BytesStart, Event},
};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::names::{MOST, Names, shown, sorted};

/// Longer names are cut off while they are read: nobody shows them.
const LONGEST_NAME: usize = 4_096;
/// No metadata are nested so deeply.
const DEEPEST: usize = 64;
/// The longest tag, text or comment. Logos may stand in the metadata themselves, and have some 100 KiB.
const LONGEST_PART: usize = 1024 * 1024;

/// What cannot be read of metadata.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error("it is not XML")]
    Xml(#[from] quick_xml::Error),
    #[error("its elements are nested more than {DEEPEST} deep")]
    TooDeep,
    #[error("it ends in the middle")]
    CutOff,
}

/// An element that says something of an identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Entity,
    IdentityProvider,
    UiInfo,
    /// The provider's own name.
    DisplayName,
    Organization,
    OrganizationDisplayName,
    Other,
}

impl Element {
    fn of(name: &[u8]) -> Self {
        match name {
            b"EntityDescriptor" => Self::Entity,
            b"IDPSSODescriptor" => Self::IdentityProvider,
            b"UIInfo" => Self::UiInfo,
            b"DisplayName" => Self::DisplayName,
            b"Organization" => Self::Organization,
            b"OrganizationDisplayName" => Self::OrganizationDisplayName,
            _ => Self::Other,
        }
    }
}

/// A name that is chosen: the first in English, or else the first.
#[derive(Debug, Default)]
struct Chosen {
    name: Option<String>,
    is_english: bool,
}

impl Chosen {
    fn offer(&mut self, name: &str, is_english: bool) {
        if (self.name.is_none() || (is_english && !self.is_english))
            && let Some(name) = shown(name)
        {
            *self = Self { name: Some(name), is_english };
        }
    }
}

/// What was read of one entity.
#[derive(Debug, Default)]
struct Entity {
    id: Option<String>,
    is_provider: bool,
    display: Chosen,
    organization: Chosen,
}

/// Where the reader is.
#[derive(Default)]
struct Place {
    open: Vec<Element>,
    entity: Entity,
    /// The text of the name that is being read, and whether it is in English.
    name: String,
    is_english: bool,
    found: Names,
}

/// Metadata that are read a part at a time, each of which has at most [`LONGEST_PART`] bytes: the parser
/// keeps a part as a whole, however long it is.
struct Parts<R> {
    metadata: R,
    /// Bytes that this part may still have.
    left: usize,
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Parts<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let Self { metadata, left } = self.get_mut();
        let bytes = ready!(Pin::new(metadata).poll_fill_buf(context))?;
        Poll::Ready(match (bytes.len().min(*left), bytes.is_empty()) {
            (0, false) => Err(io::Error::other(format!("a part of it is longer than {LONGEST_PART} bytes"))),
            (length, _) => Ok(&bytes[..length]),
        })
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.left = self.left.saturating_sub(count);
        Pin::new(&mut self.metadata).consume(count);
    }
}

/// What every [`AsyncBufRead`] must be able to do.
impl<R: AsyncBufRead + Unpin> AsyncRead for Parts<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(context))?;
        let count = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..count]);
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

/// Reads the providers of `metadata`, by their names; entities that are something else are left out.
///
/// # Errors
/// For what is no XML or only the beginning of some, for a part that is too long, and when reading fails.
pub(super) async fn providers(metadata: impl AsyncBufRead + Unpin) -> Result<Names, MetadataError> {
    let mut reader = Reader::from_reader(Parts { metadata, left: LONGEST_PART });
    let (mut place, mut buffer) = (Place::default(), Vec::new());
    loop {
        buffer.clear();
        reader.get_mut().left = LONGEST_PART;
        match reader.read_event_into_async(&mut buffer).await? {
            Event::Start(start) => place.begin(&start, reader.decoder())?,
            Event::Text(text) => place.read(&text.decode().map_err(quick_xml::Error::from)?),
            Event::CData(text) => place.read(&text.decode().map_err(quick_xml::Error::from)?),
            Event::GeneralRef(reference) => place.refer(&reference)?,
            Event::Empty(element) => {
                place.begin(&element, reader.decoder())?;
                place.end();
            }
            Event::End(_) => place.end(),
            // What was read until then would be a list without those that come later.
            Event::Eof if !place.open.is_empty() => return Err(MetadataError::CutOff),
            Event::Eof => break,
            _ => {}
        }
        if place.found.len() >= MOST {
            break;
        }
    }
    Ok(sorted(place.found))
}

impl Place {
    fn begin(&mut self, start: &BytesStart<'_>, decoder: Decoder) -> Result<(), MetadataError> {
        if self.open.len() >= DEEPEST {
            return Err(MetadataError::TooDeep);
        }
        let element = Element::of(start.local_name().as_ref());
        self.open.push(element);
        match element {
            Element::Entity => {
                self.entity = Entity { id: value(start, b"entityID", decoder), ..Entity::default() };
            }
            Element::IdentityProvider => self.entity.is_provider = true,
            Element::DisplayName | Element::OrganizationDisplayName => {
                self.name.clear();
                self.is_english = value(start, b"lang", decoder).as_deref() == Some("en");
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a name is being read that counts: others who are in the same document have names, too.
    fn is_in_name(&self) -> bool {
        let has = |element| self.open.contains(&element);
        match self.open.last() {
            Some(Element::DisplayName) => has(Element::UiInfo) && has(Element::IdentityProvider),
            Some(Element::OrganizationDisplayName) => {
                has(Element::Organization) && !has(Element::IdentityProvider)
            }
            _ => false,
        }
    }

    fn read(&mut self, text: &str) {
        if self.is_in_name() && self.name.len() + text.len() <= LONGEST_NAME {
            self.name.push_str(text);
        }
    }

    /// Reads `&amp;` and its like. References to what the document defines itself are passed over.
    fn refer(&mut self, reference: &BytesRef<'_>) -> Result<(), MetadataError> {
        if let Some(character) = reference.resolve_char_ref()? {
            self.read(character.encode_utf8(&mut [0; 4]));
        } else if let Some(text) =
            quick_xml::escape::resolve_predefined_entity(&reference.decode().map_err(quick_xml::Error::from)?)
        {
            self.read(text);
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.is_in_name() {
            let entity = &mut self.entity;
            let chosen = match self.open.last() {
                Some(Element::DisplayName) => &mut entity.display,
                _ => &mut entity.organization,
            };
            chosen.offer(&self.name, self.is_english);
        }
        if self.open.pop() == Some(Element::Entity) {
            let Entity { id, is_provider, display, organization } = std::mem::take(&mut self.entity);
            if let Some(id) = id.and_then(|id| shown(&id)).filter(|_| is_provider) {
                let name = display.name.or(organization.name).unwrap_or_else(|| id.clone());
                self.found.insert(id, name);
            }
        }
    }
}

/// The value of an attribute, with or without a prefix.
fn value(start: &BytesStart<'_>, name: &[u8], decoder: Decoder) -> Option<String> {
    let attribute =
        start.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(attribute.decoded_and_normalized_value(XmlVersion::Implicit1_0, decoder).ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(metadata: &str) -> Result<Vec<(String, String)>, MetadataError> {
        Ok(providers(metadata.as_bytes()).await?.into_iter().collect())
    }

    fn pair(id: &str, name: &str) -> (String, String) {
        (id.to_owned(), name.to_owned())
    }

    #[tokio::test]
    async fn providers_have_their_own_name_in_english_or_that_of_their_organisation() {
        let metadata = r#"<?xml version="1.0"?>
<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
    xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">
  <md:EntityDescriptor entityID="urn:b">
    <md:IDPSSODescriptor><md:Extensions><mdui:UIInfo>
      <mdui:DisplayName xml:lang="de">Universität B</mdui:DisplayName>
      <mdui:DisplayName xml:lang="en">Arts &amp; Sciences &#66;</mdui:DisplayName>
    </mdui:UIInfo></md:Extensions></md:IDPSSODescriptor>
    <md:Organization>
      <md:OrganizationDisplayName xml:lang="en">Other</md:OrganizationDisplayName>
    </md:Organization>
  </md:EntityDescriptor>
  <md:EntityDescriptor entityID="urn:c?a=1&amp;b=2">
    <md:SPSSODescriptor><md:Extensions><mdui:UIInfo>
      <mdui:DisplayName xml:lang="en">A service</mdui:DisplayName>
    </mdui:UIInfo></md:Extensions></md:SPSSODescriptor>
    <md:IDPSSODescriptor/>
    <md:Organization>
      <md:OrganizationDisplayName xml:lang="fr"><![CDATA[École C]]></md:OrganizationDisplayName>
    </md:Organization>
  </md:EntityDescriptor>
  <md:EntityDescriptor entityID="urn:nameless"><md:IDPSSODescriptor/></md:EntityDescriptor>
  <md:EntityDescriptor entityID="urn:service"><md:SPSSODescriptor></md:SPSSODescriptor></md:EntityDescriptor>
  <md:EntityDescriptor><md:IDPSSODescriptor></md:IDPSSODescriptor></md:EntityDescriptor>
</md:EntitiesDescriptor>"#;
        assert_eq!(
            read(metadata).await.unwrap(),
            [
                pair("urn:b", "Arts & Sciences B"),
                pair("urn:nameless", "urn:nameless"),
                pair("urn:c?a=1&b=2", "École C"),
            ]
        );
    }

    #[tokio::test]
    async fn what_is_no_metadata_names_nobody_or_is_refused() {
        for nothing in ["", "<a/>", "<html>&nbsp;&lol;</html>", "plain text"] {
            assert_eq!(read(nothing).await.unwrap(), [], "{nothing}");
        }
        for broken in ["<a></b>", "<a", "<![CDATA["] {
            assert!(read(broken).await.is_err(), "{broken}");
        }
        assert!(matches!(read(&"<a>".repeat(100)).await, Err(MetadataError::TooDeep)));
        let cut_off = r#"<a><EntityDescriptor entityID="i"><IDPSSODescriptor/></EntityDescriptor>"#;
        assert!(matches!(read(cut_off).await, Err(MetadataError::CutOff)));
        // Of a list that is longer than is kept, the rest is not read.
        let entity =
            |number| format!("<EntityDescriptor entityID='{number}'><IDPSSODescriptor/></EntityDescriptor>");
        let many: String = (0..MOST).map(entity).collect();
        assert_eq!(read(&format!("<a>{many}")).await.unwrap().len(), MOST);
        let (long, longer) = ("x".repeat(LONGEST_PART - 100), "x".repeat(LONGEST_PART));
        for (start, end) in [("<a>", "</a>"), ("<!--", "-->"), ("<a b='", "'/>"), ("<![CDATA[", "]]>")] {
            assert_eq!(read(&format!("{start}{long}{end}").repeat(2)).await.unwrap(), [], "{start}");
            assert!(matches!(read(&format!("{start}{longer}{end}")).await, Err(MetadataError::Xml(_))));
        }
        // An entity of the document's own is not looked up: it may be as long as one wants.
        let own = r#"<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]>
            <EntityDescriptor entityID="i"><IDPSSODescriptor><UIInfo>
              <DisplayName xml:lang="en">a&x;b</DisplayName>
            </UIInfo></IDPSSODescriptor></EntityDescriptor>"#;
        assert_eq!(read(own).await.unwrap(), [pair("i", "ab")]);
    }
}
