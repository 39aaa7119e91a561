// What a browser calls navigator.serial, for one board: its bytes go through the server of the page (board_line.py), where
// a stream that breaks off is a cable that was pulled.
{
    const port = {
        async open() {
            const answer = await fetch("/line/read", {cache: "no-store"});
            if (!answer.ok) {
                throw new DOMException("Failed to open serial port.", "NetworkError");
            }
            this.readable = answer.body;
            this.writable = new WritableStream({
                async write(bytes) {
                    const written = await fetch("/line/write", {method: "POST", body: bytes});
                    if (!written.ok) {
                        throw new DOMException("The device has been lost.", "NetworkError");
                    }
                },
            });
        },
        async close() {
            await fetch("/line/close", {method: "POST"});
        },
    };
    const serial = {requestPort: async () => port};
    Object.defineProperty(navigator, "serial", {value: serial, configurable: true});
}
