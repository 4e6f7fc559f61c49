internal import Viewer

ProgramMain.run(SwiftvmGTK.self)
