internal import Viewer

ProgramMain.run(SwiftvmSDL.self)
