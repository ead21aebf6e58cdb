import Crypto
import SynfireFormats

/// The sha256 of a file's raw content, which for a gzip file is the content that it unpacks to.
///
/// - Throws: `FormatsError` if the file is missing, cut short or corrupt.
public func rawSHA256(path: String) throws -> String {
  var hash = SHA256()
  try GzipReader(path: path).forEachPiece { hash.update(bufferPointer: $0) }
  return hash.finalize().map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}
