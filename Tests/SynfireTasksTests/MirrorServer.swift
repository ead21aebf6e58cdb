import Foundation
import SynfireTasks

/// An HTTP server on this machine that serves the files of a folder, gzipped, well or badly. The first
/// part of the address says how: `good`; `cut` (the first connection of each file breaks in the
/// middle), `stall` (likewise, but goes silent); `rangeless` (breaks once and knows no ranges);
/// `corrupt` (one byte is wrong, always); `once` (one byte is wrong, the first time); `endless`;
/// everything else is 404.
final class MirrorServer {
  let address: String
  private let process = Process()
  private let script: String

  static let isPossible = ["python3", "curl"].allSatisfy { program in
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program, "--version"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  init(folder: String) throws {
    script =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("synfire-mirror-\(UUID().uuidString).py").path
    try Data(Self.program.utf8).write(to: URL(fileURLWithPath: script))
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script, folder]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw TasksError("the server did not start: \(line)")
    }
    address = "http://127.0.0.1:\(port)"
  }

  deinit {
    // SIGTERM is blocked in what a test thread starts.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: script)
  }

  private static let program = """
    import gzip, http.server, os, sys, threading, time
    folder = sys.argv[1]
    seen = set()

    class Handler(http.server.BaseHTTPRequestHandler):
      def do_GET(self):
        _, how, name = (self.path.split("/") + ["", ""])[:3]
        file = os.path.join(folder, name[:-3])
        ways = ("good", "cut", "stall", "rangeless", "corrupt", "once", "endless")
        if how not in ways or not os.path.exists(file):
          return self.send_error(404)
        body = gzip.compress(open(file, "rb").read(), 6, mtime=0)
        whole = len(body)
        first = self.path not in seen
        seen.add(self.path)
        if how == "corrupt" or (how == "once" and first):
          body = body[:whole // 2] + bytes([body[whole // 2] ^ 64]) + body[whole // 2 + 1:]
        start = 0
        wanted = self.headers.get("Range")
        if wanted and how != "rangeless":
          start = int(wanted[len("bytes="):].rstrip("-"))
          if start >= whole:
            return self.send_error(416)
          self.send_response(206)
          self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        else:
          self.send_response(200)
        if how != "endless":
          self.send_header("Content-Length", str(whole - start))
        self.end_headers()
        if how == "endless":
          while True:
            self.wfile.write(body)
        if first and how in ("cut", "stall", "rangeless"):
          self.wfile.write(body[start:whole // 2])
          self.wfile.flush()
          if how == "stall":
            time.sleep(60)
          self.close_connection = True
          return
        self.wfile.write(body[start:])

      def log_message(self, *arguments):
        pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """
}
